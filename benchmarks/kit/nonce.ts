/**
 * Makes a copy of a component or core module whose every core module has bytes that V8 has never seen.
 *
 * V8 keeps compiled modules by their bytes: a module that was compiled before in the same process compiles
 * five times faster. The copy has a custom section more, which means nothing to anybody, at the end of each module.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md
 */
import { randomBytes } from 'node:crypto';
import { detectBinary } from '../../host/component/detect-binary.ts';
import { ByteReader } from '../../host/wasm/byte-reader.ts';
import { ByteWriter } from '../../host/wasm/byte-writer.ts';

const PREAMBLE_BYTES = 8;
const NONCE_BYTES = 16;
const CUSTOM_SECTION = 0;
/** Sections of a component that hold a core module, and a component. */
const CORE_MODULE_SECTION = 1;
const COMPONENT_SECTION = 4;

/**
 * Copies a binary with a nonce in each core module, nested ones too.
 *
 * @throws {HostError} If it is neither a component nor a core module.
 */
export function withNonce(bytes: Uint8Array): Uint8Array {
  const writer = new ByteWriter(bytes.length + 1024);
  if (detectBinary(bytes) === 'component') copyComponent(bytes, writer);
  else writer.copy(bytes, 0, bytes.length);
  writer.u8(CUSTOM_SECTION);
  writer.sized(nonceSection());
  return writer.finish();
}

function copyComponent(bytes: Uint8Array, writer: ByteWriter): void {
  writer.copy(bytes, 0, PREAMBLE_BYTES);
  const reader = new ByteReader(bytes, PREAMBLE_BYTES);
  while (!reader.done) {
    const start = reader.offset;
    const id = reader.u8();
    const { offset, end } = reader.sized('a section');
    if (id === CORE_MODULE_SECTION || id === COMPONENT_SECTION) {
      writer.u8(id);
      writer.sized(withNonce(bytes.subarray(offset, end)));
    } else {
      writer.copy(bytes, start, end);
    }
  }
}

function nonceSection(): Uint8Array {
  const writer = new ByteWriter();
  writer.name('benchmark-nonce');
  const nonce = randomBytes(NONCE_BYTES);
  writer.copy(nonce, 0, nonce.length);
  return writer.finish();
}
