/** Serves an HTTP request with a command (`wasi:cli/run`), by the CGI/1.1 contract as WAGI uses it. */
import { HostError } from '../base/errors.ts';
import { endReasonOf } from '../component/ending.ts';
import { WitError } from '../component/host-interface.ts';
import type { InstanceLease } from '../instances/version-instances.ts';
import type { ByteSink, ByteSource } from '../wasi/ports.ts';
import { cgiArguments, cgiEnvironment } from './cgi-environment.ts';
import { CgiResponse, type CgiFailure } from './cgi-response.ts';
import type { Failure } from './outcome.ts';
import type { Service, ServiceParts } from './service.ts';

/** `run`, its exit code, and its output as the response. */
export class CommandService implements Service {
  readonly arguments: readonly string[];
  readonly environment: readonly (readonly [name: string, value: string])[];
  readonly stdin: ByteSource;
  readonly #parts: ServiceParts;
  readonly #response: CgiResponse;

  constructor(parts: ServiceParts) {
    const { version, request, responder, context } = parts;
    this.#parts = parts;
    this.#response = new CgiResponse(responder, version.settings.limits.responseBodyBytes);
    const { function: functionName, settings } = version;
    const { clientAddress, pathPrefix } = context;
    const variables = cgiEnvironment(request, { functionName, clientAddress, pathPrefix });
    const taken = new Set(variables.map(([name]) => name));
    this.arguments = cgiArguments(request, functionName);
    // The request's variables come first: a setting may add to them, not stand in for them.
    this.environment = [...variables, ...settings.environment.filter(([name]) => !taken.has(name))];
    this.stdin = request.body;
  }

  get stdout(): ByteSink {
    return this.#response;
  }

  async serve(lease: InstanceLease): Promise<Failure | undefined> {
    const { version, responder } = this.#parts;
    const name = version.function;
    const exitCode = await runToExit(lease);
    if (exitCode === 0) this.#response.end();
    const problem = this.#response.problem;
    if (problem !== undefined) {
      const error = errorOfProblem(problem, name, version.settings.limits.responseBodyBytes);
      return { outcome: 'guest_error', error };
    }
    if (exitCode === 0) return undefined;
    responder.abort('guest_exited');
    return { outcome: 'guest_error', error: new HostError('guest_exited', { name, exitCode }) };
  }
}

/** Exit code of a command: 0 if `run` returned ok, 1 if it returned an error, or what `exit` was called with. */
async function runToExit(lease: InstanceLease): Promise<number> {
  try {
    const result = await lease.call([]);
    return isErrResult(result) ? 1 : 0;
  } catch (error) {
    const reason = endReasonOf(error);
    if (reason?.kind === 'exit') return reason.exitCode;
    if (error instanceof WitError || isComponentError(error)) return 1;
    throw error;
  }
}

function isErrResult(result: unknown): boolean {
  return typeof result === 'object' && result !== null && 'tag' in result && result.tag === 'err';
}

/** The error by which generated glue throws the `err` of a result: it has a payload, traps have none. */
function isComponentError(error: unknown): boolean {
  return (
    error instanceof Error && !(error instanceof WebAssembly.RuntimeError) && 'payload' in error
  );
}

function errorOfProblem(problem: CgiFailure, name: string, limit: number): HostError {
  switch (problem) {
    case 'response_too_large':
      return new HostError('response_too_large', { name, limit });
    case 'header_too_large':
      return new HostError('guest_bad_response', {
        name,
        reason: 'its CGI header is larger than 32 KiB',
      });
    case 'bad_header':
      return new HostError('guest_bad_response', {
        name,
        reason: 'its output does not begin with CGI header lines and an empty line',
      });
  }
}
