/**
 * Whether a component is JavaScript that is served by StarlingMonkey's own handler: it takes one `fetch` event in the
 * life of an instance, and a second one fails.
 *
 * Its core module is known by what it exports: the marks of an engine that was started at build time, and the handler.
 * A handler that the program exports itself can be called again; componentize-js adds a post-return function to it,
 * which the engine's own has not. Nothing else in the bytes tells the two apart.
 *
 * @see https://github.com/bytecodealliance/StarlingMonkey
 */
import type { PlacedName } from '../wasm/core-names.ts';

/** Exports of every engine that componentize-js has put a program into. */
const ENGINE_MARKS: readonly string[] = ['wizer.resume', 'check_init'];
const CORE_EXPORT = /^export \d+ of (.*core module \d+)$/;

/**
 * Decides.
 *
 * @param names Every name in the component (`scanComponent`).
 * @param handler Export that would serve: `wasi:http/incoming-handler@0.2.10`.
 */
export function takesOneEvent(names: readonly PlacedName[], handler: string): boolean {
  const entry = `${handler}#handle`;
  const wanted = new Set([...ENGINE_MARKS, entry, `cabi_post_${entry}`]);
  const found = new Map<string, Set<string>>();
  for (const { name, where } of names) {
    if (!wanted.has(name)) continue;
    const module = CORE_EXPORT.exec(where)?.[1];
    if (module === undefined) continue;
    found.set(module, (found.get(module) ?? new Set()).add(name));
  }
  return [...found.values()].some(
    (exports) =>
      [...ENGINE_MARKS, entry].every((name) => exports.has(name)) &&
      !exports.has(`cabi_post_${entry}`),
  );
}
