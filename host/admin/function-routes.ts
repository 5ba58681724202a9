/** Looking at functions and versions, moving the alias `live`, deleting. Under `/v1/functions`. */
import type { FastifyInstance } from 'fastify';
import { HostError } from '../base/errors.ts';
import {
  DEFAULT_NAMESPACE,
  parseFunctionName,
  type FunctionName,
  type VersionNumber,
} from '../base/ids.ts';
import { ownStoresPrefix } from '../key-value/store-names.ts';
import type { FunctionRecord } from '../registry/model.ts';
import type { AdminParts } from './admin-parts.ts';
import { aliasBody } from './api/request-schemas.ts';
import { serveOperation } from './api/serve-operation.ts';
import { listFunctionUrls } from './function-urls.ts';
import { findQuarantine } from './quarantine-keeper.ts';
import { viewFunction, viewVersion, type FunctionView } from './views.ts';

/**
 * Finds a function by the name in a path.
 *
 * @throws {invalid_name} If it is no name.
 * @throws {unknown_function} If nothing is deployed under it.
 */
export function resolveFunction(text: string, { registry }: AdminParts): FunctionRecord {
  const name = parseFunctionName(text);
  const record = registry.snapshot.functions.get(name);
  if (record === undefined) throw new HostError('unknown_function', { name });
  return record;
}

/** Adds the routes. */
export function registerFunctionRoutes(app: FastifyInstance, parts: AdminParts): void {
  const { authoriser, registry, log } = parts;
  const view = (record: FunctionRecord): FunctionView => viewRecord(record, parts);

  serveOperation(app, 'GET /v1/functions', async () => {
    const records = [...registry.snapshot.functions.values()];
    return { functions: records.sort((a, b) => (a.name < b.name ? -1 : 1)).map(view) };
  });

  serveOperation(app, 'GET /v1/functions/{name}', async (request) => {
    const record = resolveFunction(request.params.name, parts);
    const findings = await parts.deployer.loadFindings(record.live);
    const instances = await parts.describeInstances(record.live);
    const quarantine = findQuarantine(record.live, parts.quarantine);
    return { ...view(record), findings: [...quarantine, ...findings, ...instances] };
  });

  serveOperation(app, 'GET /v1/functions/{name}/versions', async (request) => {
    const record = resolveFunction(request.params.name, parts);
    const versions = await registry.loadVersions(record.namespace, record.name);
    return { versions: versions.map((version) => viewVersion(version, record.live.number)) };
  });

  serveOperation(app, 'PUT /v1/functions/{name}/aliases/live', async (request) => {
    const name = parseFunctionName(request.params.name);
    const to = readTarget(request.body);
    const actor = authoriser.actorOf(request);
    const record = await registry.moveAlias(DEFAULT_NAMESPACE, name, to, actor);
    log.info({ function: name, version: record.live.number, by: actor }, 'rolled back');
    return view(record);
  });

  serveOperation(app, 'DELETE /v1/functions/{name}', async (request) => {
    const name = parseFunctionName(request.params.name);
    const actor = authoriser.actorOf(request);
    await registry.deleteFunction(DEFAULT_NAMESPACE, name, actor);
    parts.guestLog.forget(name);
    parts.observer.forget(name);
    await dropStores(name, parts);
    log.info({ function: name, by: actor }, 'deleted');
    // The function is gone; its bytes follow, and nobody has to wait for them.
    void parts.collector.collect();
    return { deleted: name };
  });
}

/** The function's own stores go with it. That they could not be deleted is logged: the function is gone. */
async function dropStores(name: FunctionName, { keyValue, log }: AdminParts): Promise<void> {
  try {
    await keyValue?.drop(ownStoresPrefix(DEFAULT_NAMESPACE, name));
  } catch (error) {
    log.error({ err: error, function: name }, 'cannot delete the stores of a deleted function');
  }
}

function viewRecord(record: FunctionRecord, { config, dataUrl }: AdminParts): FunctionView {
  const urls = listFunctionUrls(record.name, record.routes, dataUrl(), config.domain);
  return viewFunction(record, urls);
}

function readTarget(body: unknown): VersionNumber | undefined {
  const result = aliasBody.safeParse(body);
  if (!result.success) {
    const reason = 'its body is neither {"version": NUMBER} nor {"previous": true}';
    throw new HostError('invalid_request', { reason });
  }
  return 'version' in result.data ? (result.data.version as VersionNumber) : undefined;
}
