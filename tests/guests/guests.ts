/** The bytes of every guest that tests run: committed builds and WAT. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export { wat } from './wat.ts';

const components = join(import.meta.dirname, '..', '..', 'components');

/** An example whose `.wasm` is committed. */
export type ExampleName =
  | 'hello-rust'
  | 'echo-rust'
  | 'fetch-rust'
  | 'files-rust'
  | 'upper-c'
  | 'hello-p3-rust'
  | 'echo-p3-rust'
  | 'fetch-p3-rust'
  | 'events-p3-rust'
  | 'json-rust'
  | 'json-c'
  | 'usage-rust'
  | 'kv-rust';

/** The `wasi:http` guest whose request path says how it misbehaves: `misbehave/src/lib.rs` lists the paths. */
export function misbehave(): Uint8Array {
  return readFileSync(join(import.meta.dirname, 'misbehave.wasm'));
}

/** The same of WASI 0.3: `misbehave-p3/src/lib.rs` lists the paths. */
export function misbehave3(): Uint8Array {
  return readFileSync(join(import.meta.dirname, 'misbehave-p3.wasm'));
}

/** A command of WASI 0.3: input in capitals; `?fail` fails. */
export function command3(): Uint8Array {
  return readFileSync(join(import.meta.dirname, 'command-p3.wasm'));
}

/** The `wasi:http` guest that calls every function of the oldest drafts: `kv-draft/src/lib.rs`. */
export function kvDraft(): Uint8Array {
  return readFileSync(join(import.meta.dirname, 'kv-draft.wasm'));
}

/** A prebuilt example: components, except `upper-c` and `json-c`, which are preview1 core modules. */
export function example(name: ExampleName): Uint8Array {
  return readFileSync(join(components, `${name}.wasm`));
}
