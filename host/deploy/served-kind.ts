/**
 * What a component can serve, by what it exports. HTTP comes first: a component that exports a handler
 * may export `run` beside it.
 */
import { HostError } from '../base/errors.ts';
import type { FunctionKind } from '../registry/model.ts';

/** How a component is served. */
export interface ServedKind {
  readonly kind: FunctionKind;
  readonly entry: { readonly interface: string; readonly function: string };
}

/** A name with its release: group 1 is the patch number. */
const HTTP_HANDLER = /^wasi:http\/incoming-handler@0\.2\.(\d+)$/;
const CLI_RUN = /^wasi:cli\/run@0\.2\.(\d+)$/;

/** Newest release of WASI 0.2 that is offered. */
const NEWEST_PATCH = 12;

/**
 * Decides.
 *
 * @param exports Names of the component's exports.
 * @throws {unknown_world} If it exports neither handler nor `run` of a release that is offered.
 */
export function servedKindOf(exports: readonly string[]): ServedKind {
  const handler = exports.find((name) => isOffered(HTTP_HANDLER, name));
  if (handler !== undefined) {
    return { kind: 'http', entry: { interface: handler, function: 'handle' } };
  }
  const run = exports.find((name) => isOffered(CLI_RUN, name));
  if (run !== undefined) return { kind: 'command', entry: { interface: run, function: 'run' } };
  const shown = exports.length === 0 ? 'nothing' : exports.slice(0, 8).join(', ');
  throw new HostError('unknown_world', { exports: shown });
}

function isOffered(pattern: RegExp, name: string): boolean {
  const patch = pattern.exec(name)?.[1];
  return patch !== undefined && Number(patch) <= NEWEST_PATCH;
}
