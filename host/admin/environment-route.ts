/**
 * `PATCH /v1/functions/:name/environment`: variables of a function change without its artifact being sent again. What
 * comes of it is a version like any other: it goes through the deployer, and `live` moves to it, or nothing happens.
 */
import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import { HostError } from '../base/errors.ts';
import type { DeployResult } from '../deploy/deployer.ts';
import type { FunctionRecord, VersionSettings } from '../registry/model.ts';
import type { AdminParts } from './admin-parts.ts';
import { readRequest } from './api/read-request.ts';
import { environmentBody } from './api/request-schemas.ts';
import { serveOperation, type OperationRequest } from './api/serve-operation.ts';
import { checkVariables } from './deploy-settings.ts';
import { resolveFunction } from './function-routes.ts';
import { viewDeployment } from './function-urls.ts';
import type { DeployResultView } from './views.ts';

const KEY = 'PATCH /v1/functions/{name}/environment';

type Change = z.output<typeof environmentBody>;
type Variables = Pick<VersionSettings, 'environment' | 'config' | 'secrets'>;
type Kind = keyof Variables;

const KINDS: Readonly<Record<Kind, string>> = {
  environment: 'environment variable',
  config: 'configuration value',
  secrets: 'secret',
};
/** Each attempt begins with the version that is live then; another deployment has to come between every time. */
const MOST_ATTEMPTS = 5;
/** As much as a deployment may bring along. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;

/** Adds the route. */
export function registerEnvironmentRoute(app: FastifyInstance, parts: AdminParts): void {
  const handle = async (request: OperationRequest<typeof KEY>): Promise<DeployResultView> => {
    const change = readRequest(environmentBody, request.body, 'body');
    const actor = parts.authoriser.actorOf(request);
    return changeFunction(request.params.name, change, actor, parts);
  };
  serveOperation(app, KEY, handle, { bodyLimit: MAX_BODY_BYTES });
}

/** Changes what is live now, again and again if that has changed meanwhile. */
async function changeFunction(
  text: string,
  change: Change,
  actor: string,
  parts: AdminParts,
): Promise<DeployResultView> {
  for (let attempt = 1; ; attempt += 1) {
    const record = resolveFunction(text, parts);
    try {
      const done = await deployChange(record, change, actor, parts);
      const { version, result } = done;
      const fields = { function: record.name, by: actor, version: version.number, result };
      parts.log.info(fields, 'changed variables');
      return viewDeployment(done, record.routes, parts);
    } catch (error) {
      const hasMoved = error instanceof HostError && error.code === 'version_moved';
      if (!hasMoved || attempt === MOST_ATTEMPTS) throw error;
    }
  }
}

/** Deploys the live version with other variables; refused if another one is live when it is ready. */
async function deployChange(
  { namespace, name, live, routes }: FunctionRecord,
  change: Change,
  actor: string,
  { deployer }: AdminParts,
): Promise<DeployResult> {
  const variables = changeVariables(live.settings, change, name);
  checkVariables(variables);
  const request = {
    ...live.settings,
    ...variables,
    namespace,
    function: name,
    artifact: live.artifact,
    routes,
    expectedLive: live.number,
  };
  return deployer.deploy(request, actor, () => undefined);
}

/**
 * Applies a change.
 *
 * @throws {unknown_variable} If a name is to go that is not there.
 */
function changeVariables(
  from: Variables,
  { set = {}, unset = {} }: Change,
  name: string,
): Variables {
  const left = (kind: Kind): Variables[Kind] => {
    const gone = unset[kind] ?? [];
    const missing = gone.find((variable) => !from[kind].some(([known]) => known === variable));
    if (missing !== undefined) {
      throw new HostError('unknown_variable', {
        variable: missing.slice(0, 80),
        name,
        kind: KINDS[kind],
      });
    }
    return from[kind].filter(([known]) => !gone.includes(known));
  };
  const [config, secrets] = [left('config'), left('secrets')];
  return {
    environment: replace(left('environment'), set.environment),
    // The guest has one list of both: what becomes a secret is no longer a value that is none, and the reverse.
    config: replace(without(config, set.secrets), set.config),
    secrets: replace(without(secrets, set.config), set.secrets),
  };
}

/** A name keeps its place, a new one comes last. */
function replace(variables: Variables[Kind], given: Variables[Kind] | undefined): Variables[Kind] {
  const values = new Map(variables);
  for (const [name, value] of given ?? []) values.set(name, value);
  return [...values];
}

function without(variables: Variables[Kind], given: Variables[Kind] | undefined): Variables[Kind] {
  return variables.filter(([name]) => !(given ?? []).some(([other]) => other === name));
}
