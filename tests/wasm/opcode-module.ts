/** A module around one instruction, for tests that hold tables of opcodes against V8. */
import { ByteWriter } from '../../host/wasm/byte-writer.ts';
import type { Immediates } from '../../host/wasm/instructions.ts';

/** Immediates that are valid in the module below; several where alignment depends on the opcode. */
export const IMMEDIATES: Readonly<Record<Immediates, readonly (readonly number[])[]>> = {
  none: [[]],
  index: [[0]],
  twoIndices: [[0, 0]],
  function: [[0]],
  memoryGrow: [[0]],
  memarg: [0, 1, 2, 3, 4].map((align) => [align, 0]),
  memargLane: [[0, 0, 0]],
  lane: [[0]],
  i32: [[0x80, 0x7f]],
  i64: [[0x80, 0x80, 0x7f]],
  fourBytes: [[1, 2, 3, 4]],
  eightBytes: [[1, 2, 3, 4, 5, 6, 7, 8]],
  sixteenBytes: [Array.from({ length: 16 }, (_, index) => index)],
  blockType: [[0x40, 0x0b]],
  heapType: [[0x6e], [0x70]],
  labels: [[1, 0, 0]],
  valueTypes: [[1, 0x7f]],
  catches: [[0x40, 1, 0x02, 0, 0x0b]],
  castBranch: [[3, 0, 0x6e, 0x6e]],
  fence: [[0]],
};

/** An opcode as it stands in code. */
export function encodeOpcode(opcode: number): number[] {
  if (opcode < 0x100) return [opcode];
  const writer = new ByteWriter();
  writer.unsigned(opcode & 0xffff);
  return [opcode >>> 16, ...writer.finish()];
}

const PREAMBLE: readonly number[] = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const section = (id: number, ...contents: number[]): number[] => [id, contents.length, ...contents];

/** A module with one of everything, whose first function is `code` and whose second grows the memory. */
export function moduleWith(code: readonly number[]): Uint8Array {
  const body = [1, 1, 0x7f, ...code, 0x0b];
  const grow = [0, 0x41, 1, 0x40, 0, 0x1a, 0x0b];
  return new Uint8Array([
    ...PREAMBLE,
    ...section(1, 1, 0x60, 0, 0),
    ...section(3, 2, 0, 0),
    ...section(4, 1, 0x70, 0, 1),
    ...section(5, 1, 0, 1),
    ...section(13, 1, 0, 0),
    ...section(6, 1, 0x7f, 1, 0x41, 0, 0x0b),
    ...section(7, 1, 1, 0x66, 0, 0),
    ...section(9, 1, 1, 0, 1, 0),
    ...section(12, 1),
    ...section(10, 2, body.length, ...body, grow.length, ...grow),
    ...section(11, 1, 1, 0),
  ]);
}
