/** First bytes of an upload → what it is. Apart from the scanning so that the commonest mistakes get the clearest answers. */
import { HostError } from '../base/errors.ts';

/** What an upload can be. */
export type BinaryKind = 'component' | 'core-module';

const MAGIC: readonly number[] = [0x00, 0x61, 0x73, 0x6d];
const PREAMBLE_BYTES = 8;
/** Pre-standard version of component binaries; the layer tells them from core modules. */
const COMPONENT = Object.freeze({ version: 13, layer: 1 });
const CORE = Object.freeze({ version: 1, layer: 0 });
/** How much of a text is looked at to guess its language. */
const GUESS_BYTES = 4096;

const BUILD_HINT = 'Upload a component or a core module (.wasm)';
const SIGNATURES: readonly (readonly [bytes: readonly number[], what: string, hint: string])[] = [
  [[0x7f, 0x45, 0x4c, 0x46], 'a native program (ELF)', 'Build it for the target wasm32-wasip2'],
  [[0x4d, 0x5a], 'a native program (Windows)', 'Build it for the target wasm32-wasip2'],
  [[0xcf, 0xfa, 0xed, 0xfe], 'a native program (macOS)', 'Build it for the target wasm32-wasip2'],
  [[0x21, 0x3c, 0x61, 0x72, 0x63, 0x68, 0x3e], 'a static library (ar)', BUILD_HINT],
  [[0x1f, 0x8b], 'a gzip archive', 'Unpack it and upload the .wasm file in it'],
  [[0x50, 0x4b, 0x03, 0x04], 'a zip archive', 'Unpack it and upload the .wasm file in it'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'a zstd archive', 'Unpack it and upload the .wasm file in it'],
  [[0x42, 0x43, 0xc0, 0xde], 'LLVM bitcode', 'Link it to a .wasm file'],
];

/**
 * Tells components from core modules.
 *
 * @param bytes The upload; the first 4 KiB are enough.
 * @throws {not_wasm} If it is something else; says what it looks like.
 * @throws {wasm_truncated} If it ends within the first 8 bytes.
 * @throws {wasm_version} If version or layer is unknown.
 */
export function detectBinary(bytes: Uint8Array): BinaryKind {
  const isMagic = MAGIC.every((byte, index) => index >= bytes.length || bytes[index] === byte);
  if (bytes.length === 0 || !isMagic) throw new HostError('not_wasm', describe(bytes));
  if (bytes.length < PREAMBLE_BYTES) {
    throw new HostError('wasm_truncated', { bytes: bytes.length });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const version = view.getUint16(4, true);
  const layer = view.getUint16(6, true);
  if (version === COMPONENT.version && layer === COMPONENT.layer) return 'component';
  if (version === CORE.version && layer === CORE.layer) return 'core-module';
  throw new HostError('wasm_version', { version, layer });
}

function describe(bytes: Uint8Array): { looksLike: string; hint: string } {
  if (bytes.length === 0) return { looksLike: 'empty', hint: BUILD_HINT };
  for (const [signature, looksLike, hint] of SIGNATURES) {
    if (signature.every((byte, index) => bytes[index] === byte)) return { looksLike, hint };
  }
  const text = readText(bytes.subarray(0, GUESS_BYTES));
  if (text === undefined) return { looksLike: 'of no known format', hint: BUILD_HINT };
  return describeText(text);
}

function describeText(text: string): { looksLike: string; hint: string } {
  const start = text.trimStart();
  if (/^(\(;|;;|\((module|component)\b)/.test(start)) {
    return {
      looksLike: 'the text form (WAT)',
      hint: 'Turn it into the binary form with "wasm-tools parse"',
    };
  }
  if (/^(package\s+[\w-]+:[\w-]+|(interface|world)\s+[\w-]+\s*\{)/m.test(start)) {
    return { looksLike: 'WIT', hint: 'Build a component that implements it and upload that' };
  }
  if (/^(#!|import\b|export\b|const\b|let\b|var\b|function\b|'use strict'|\/[/*])/m.test(start)) {
    return {
      looksLike: 'source text, JavaScript or the like',
      hint: 'Build it into a component with "jco componentize"',
    };
  }
  if (/^\s*[<{[]/.test(start)) return { looksLike: 'text (HTML, XML or JSON)', hint: BUILD_HINT };
  return { looksLike: 'text', hint: BUILD_HINT };
}

/** The bytes as text, or undefined if they are no text. */
function readText(bytes: Uint8Array): string | undefined {
  // Not fatal: the end may fall within a character.
  const text = new TextDecoder('utf-8').decode(bytes);
  // oxlint-disable-next-line eslint/no-control-regex -- control characters are what tells bytes from text
  return /[\u0000-\u0008\u000e-\u001f]|\ufffd(?!$)/.test(text) ? undefined : text;
}
