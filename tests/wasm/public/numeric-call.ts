/**
 * A module that calls one function with constants and stores what it gives, bit by bit: JavaScript has no vectors
 * and does not keep the bits of a NaN.
 */
import { ByteWriter } from '../../../host/wasm/byte-writer.ts';
import type { SpecValue } from './spec-command.ts';

const TYPES: Readonly<Record<string, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};
const STORES: Readonly<Record<string, readonly number[]>> = {
  i32: [0x36, 2],
  i64: [0x37, 3],
  f32: [0x38, 2],
  f64: [0x39, 3],
  v128: [0xfd, 0x0b, 4],
};
/** Bytes kept for a result. */
const SLOT = 16;

/** Whether it can be called so, and has to be. */
export function needsNumericCall(
  args: readonly SpecValue[],
  results: readonly SpecValue[],
): boolean {
  const types = [...args, ...results].map(([type]) => type);
  return types.every((type) => type in TYPES) && types.some((type) => /^[fv]/.test(type));
}

/** Builds the module: imports `f` `f`, exports `run` and the memory `m`. */
export function buildNumericCall(
  args: readonly SpecValue[],
  results: readonly SpecValue[],
): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  write(writer, [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  section(writer, 1, (types) => {
    write(types, [2, 0x60]);
    for (const list of [args, results]) {
      types.unsigned(list.length);
      for (const [type] of list) types.u8(TYPES[type] ?? 0);
    }
    write(types, [0x60, 0, 0]);
  });
  write(writer, [2, 7, 1, 1, 0x66, 1, 0x66, 0, 0]);
  write(writer, [3, 2, 1, 1]);
  write(writer, [5, 3, 1, 0, 1]);
  write(writer, [7, 11, 2, 3, 0x72, 0x75, 0x6e, 0, 1, 1, 0x6d, 2, 0]);
  section(writer, 10, (bodies) => {
    bodies.u8(1);
    const body = new ByteWriter();
    body.unsigned(results.length);
    for (const [type] of results) write(body, [1, TYPES[type] ?? 0]);
    for (const arg of args) writeConstant(body, arg);
    write(body, [0x10, 0]);
    for (let index = results.length - 1; index >= 0; index -= 1) {
      body.u8(0x21);
      body.unsigned(index);
    }
    for (const [index, [type]] of results.entries()) {
      body.u8(0x41);
      body.signed(index * SLOT);
      body.u8(0x20);
      body.unsigned(index);
      write(body, STORES[type] ?? []);
      body.u8(0);
    }
    body.u8(0x0b);
    bodies.sized(body.view());
  });
  return Uint8Array.from(writer.finish());
}

/** Reads what it stored, each as hexadecimal bytes. */
export function readResults(memory: WebAssembly.Memory, results: readonly SpecValue[]): string[] {
  const bytes = Buffer.from(memory.buffer);
  return results.map(([type], index) =>
    bytes.toString('hex', index * SLOT, index * SLOT + sizeOf(type)),
  );
}

/** A value as the bytes it would have; undefined if the test leaves it open. */
export function bytesOf([type, value]: SpecValue): string | undefined {
  if (value === 'nan') return undefined;
  if (type === 'v128') return value;
  const bits = Buffer.alloc(8);
  bits.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
  return bits.toString('hex', 0, sizeOf(type));
}

function sizeOf(type: string): number {
  if (type === 'v128') return 16;
  return type.endsWith('64') ? 8 : 4;
}

function writeConstant(body: ByteWriter, [type, value]: SpecValue): void {
  if (type === 'i32' || type === 'i64') {
    body.u8(type === 'i32' ? 0x41 : 0x42);
    writeSigned(body, BigInt(value));
    return;
  }
  write(body, { f32: [0x43], f64: [0x44] }[type] ?? [0xfd, 0x0c]);
  write(body, [...Buffer.from(bytesOf([type, value]) ?? '', 'hex')]);
}

function writeSigned(body: ByteWriter, value: bigint): void {
  let rest = value;
  for (;;) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    const isLast = rest === 0n ? (low & 0x40) === 0 : rest === -1n && (low & 0x40) !== 0;
    body.u8(isLast ? low : low | 0x80);
    if (isLast) return;
  }
}

function section(writer: ByteWriter, id: number, fill: (content: ByteWriter) => void): void {
  const content = new ByteWriter();
  fill(content);
  writer.u8(id);
  writer.sized(content.view());
}

function write(writer: ByteWriter, bytes: readonly number[]): void {
  for (const byte of bytes) writer.u8(byte);
}
