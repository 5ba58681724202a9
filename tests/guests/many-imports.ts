/** Guests with as many imports as a test wants: hosts must count before they do work for each. */
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';

/**
 * Makes a guest with `count` imports.
 *
 * @param kind `component`: interfaces the component imports; `inner`: fields a core module inside it
 *   imports; `core`: fields of a preview1 core module.
 */
export function manyImports(
  count: number,
  kind: 'component' | 'inner' | 'core',
): Promise<Uint8Array> {
  const numbers = Array.from({ length: count }, (_, index) => index);
  const lines = (line: (index: number) => string): string => numbers.map(line).join('\n');
  if (kind === 'core') {
    return parse(`(module
      ${lines((index) => `(import "wasi_snapshot_preview1" "f${index}" (func))`)}
      (memory (export "memory") 1)
      (func (export "_start")))`);
  }
  const imports =
    kind === 'component'
      ? lines((index) => `(import "acme:many/i${index}@1.0.0" (instance (export "f" (func))))`)
      : '';
  const inner = kind === 'inner' ? lines((index) => `(import "a" "f${index}" (func))`) : '';
  const given = kind === 'inner' ? lines((index) => `(export "f${index}" (func $f "f"))`) : '';
  return parse(`(component
    ${imports}
    (core module $a (func (export "f")))
    (core instance $f (instantiate $a))
    (core module $m
      ${inner}
      (func (export "run") (result i32) i32.const 0))
    (core instance $a.given ${given})
    (core instance $main (instantiate $m (with "a" (instance $a.given))))
    (func $run (result (result)) (canon lift (core func $main "run")))
    (instance $exported (export "run" (func $run)))
    (export "wasi:cli/run@0.2.12" (instance $exported)))`);
}
