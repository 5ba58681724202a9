/**
 * `POST /v1/functions/:name/versions`: deploys, and tells of every step as it is done.
 *
 * The answer is one JSON value a line: `{"step":…}` for each step, then `{"result":…}` or `{"error":…}`.
 * What is refused before the first step is answered with its own status instead.
 */
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { HostError, toHostError } from '../base/errors.ts';
import { parseFunctionName } from '../base/ids.ts';
import type { DeployRequest, DeployStep } from '../deploy/deployer.ts';
import type { AdminParts } from './admin-parts.ts';
import { serveOperation } from './api/serve-operation.ts';
import { parseDeploySettings } from './deploy-settings.ts';
import { viewDeployment } from './function-urls.ts';
import { NDJSON } from './ndjson.ts';

/** Room for a snapshot of 10,000 files with paths of some 500 characters. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;

/** Adds the route. */
export function registerDeployRoute(app: FastifyInstance, parts: AdminParts): void {
  const { config, authoriser } = parts;
  serveOperation(
    app,
    'POST /v1/functions/{name}/versions',
    async (request, reply) => {
      const name = parseFunctionName(request.params.name);
      const settings = parseDeploySettings(request.body, name, config);
      await checkUploaded(settings, parts);
      const actor = authoriser.actorOf(request);
      const lines = new StepLines();
      const outcome = runDeploy(settings, actor, lines, parts);
      await Promise.race([lines.started, outcome]);
      return reply.type(NDJSON).send(lines.body);
    },
    { bodyLimit: MAX_BODY_BYTES },
  );
}

/** Deploys and writes the lines of it. Rejects only if there is no line yet: then a status can say it. */
async function runDeploy(
  request: DeployRequest,
  by: string,
  lines: StepLines,
  parts: AdminParts,
): Promise<void> {
  const { deployer, log } = parts;
  const fields = { function: request.function, by };
  try {
    const done = await deployer.deploy(request, by, (step) => lines.step(step));
    log.info({ ...fields, version: done.version.number, result: done.result }, 'deployed');
    lines.end({ result: viewDeployment(done, request.routes, parts) });
  } catch (error) {
    const coded = toHostError(error);
    if (!lines.begun) throw coded;
    const level = coded.blame === 'system' ? 'error' : 'info';
    log[level]({ ...fields, code: coded.code, err: error }, 'deployment refused');
    lines.end({ error: { ...coded.toJSON(), status: coded.status } });
  }
}

async function checkUploaded(request: DeployRequest, { artifacts }: AdminParts): Promise<void> {
  const digests = new Set([request.artifact, ...request.files.map((file) => file.digest)]);
  for (const digest of digests) {
    if (!(await artifacts.has(digest))) throw new HostError('unknown_artifact', { digest });
  }
}

/** The lines of an answer. There are few, so they may wait in memory for a slow client. */
class StepLines {
  readonly body = new Readable({ read: () => undefined });
  /** Resolves at the first line. */
  readonly started: Promise<void>;
  begun = false;
  readonly #start: () => void;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.started = promise;
    this.#start = resolve;
  }

  step(step: DeployStep): void {
    this.#write({ step });
  }

  end(last: object): void {
    this.#write(last);
    if (!this.body.destroyed) this.body.push(null);
  }

  #write(value: object): void {
    this.begun = true;
    this.#start();
    // A client that has left does not stop the deployment.
    if (!this.body.destroyed) this.body.push(`${JSON.stringify(value)}\n`);
  }
}
