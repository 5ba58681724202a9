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
/** The same of WASI 0.3. */
const HTTP_HANDLER_3 = /^wasi:http\/handler@0\.3\.(\d+)$/;
const CLI_RUN_3 = /^wasi:cli\/run@0\.3\.(\d+)$/;

/** Newest release of WASI 0.2 that is offered. */
const NEWEST_PATCH = 12;
/** And of 0.3. */
const NEWEST_PATCH_3 = 2;

/**
 * Decides.
 *
 * @param exports Names of the component's exports.
 * @param imports Names of its imports.
 * @throws {composition_not_offered} If it imports the handler that it exports.
 * @throws {unknown_world} If it exports neither handler nor `run` of a release that is offered.
 */
export function servedKindOf(
  exports: readonly string[],
  imports: readonly string[] = [],
): ServedKind {
  const handler =
    exports.find((name) => isOffered(HTTP_HANDLER_3, name, NEWEST_PATCH_3)) ??
    exports.find((name) => isOffered(HTTP_HANDLER, name, NEWEST_PATCH));
  if (handler !== undefined) {
    if (imports.some((name) => /^wasi:http\/(?:incoming-)?handler@/.test(name))) {
      throw new HostError('composition_not_offered', {});
    }
    return { kind: 'http', entry: { interface: handler, function: 'handle' } };
  }
  const run =
    exports.find((name) => isOffered(CLI_RUN_3, name, NEWEST_PATCH_3)) ??
    exports.find((name) => isOffered(CLI_RUN, name, NEWEST_PATCH));
  if (run !== undefined) return { kind: 'command', entry: { interface: run, function: 'run' } };
  const shown = exports.length === 0 ? 'nothing' : exports.slice(0, 8).join(', ');
  throw new HostError('unknown_world', { exports: shown });
}

function isOffered(pattern: RegExp, name: string, newest: number): boolean {
  const patch = pattern.exec(name)?.[1];
  return patch !== undefined && Number(patch) <= newest;
}
