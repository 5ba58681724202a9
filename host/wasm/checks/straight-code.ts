/**
 * Passes over the rarer instructions that steer nothing: those with a prefix, bulk operations, references.
 * Refuses those that name the epoch memory, and tells what bulk operations cost.
 */
import type { HostError } from '../../base/errors.ts';
import type { ByteReader } from '../byte-reader.ts';
import { immediatesOf, skipImmediates } from '../instructions.ts';
import { bulkUnits } from './cost-model.ts';

/**
 * Passes over the immediates of an instruction.
 *
 * @param reader Behind its opcode.
 * @param constAt Offset of the constant right before it, -1 if there is none.
 * @returns Units of what it does in bulk.
 * @throws {malformed_wasm} If it names the epoch memory.
 */
export function readStraight(
  reader: ByteReader,
  opcode: number,
  constAt: number,
  epochMemory: number,
): number {
  const immediates = immediatesOf(opcode);
  const isMemoryBulk = opcode === 0xfc0008 || opcode === 0xfc000a || opcode === 0xfc000b;
  const from = reader.offset;
  if (immediates === 'memarg' || immediates === 'memargLane') {
    const flags = reader.u32();
    const memory = (flags & 0x40) === 0 ? 0 : reader.u32();
    if (memory === epochMemory) throw refuseMemory(reader, from);
    reader.offset = from;
  } else if (isMemoryBulk || opcode === 0x40) {
    // memory.init names a segment first, memory.copy two memories.
    const one = reader.u32();
    const two = opcode === 0xfc0008 || opcode === 0xfc000a ? reader.u32() : one;
    if (two === epochMemory || (opcode !== 0xfc0008 && one === epochMemory)) {
      throw refuseMemory(reader, from);
    }
    reader.offset = from;
  }
  skipImmediates(reader, immediates);
  const isTableBulk =
    opcode === 0xfc000c || opcode === 0xfc000e || opcode === 0xfc000f || opcode === 0xfc0011;
  if (!isMemoryBulk && !isTableBulk) return 0;
  const after = reader.offset;
  const size = constSize(reader, constAt);
  reader.offset = after;
  return bulkUnits(size);
}

/** The value of the constant at an offset, or -1 if there is none or it is no small positive number. */
function constSize(reader: ByteReader, constAt: number): number {
  if (constAt < 0) return -1;
  reader.offset = constAt + 1;
  let value = 0;
  for (let index = 0, scale = 1; index < 4; index += 1, scale *= 128) {
    const byte = reader.u8();
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return (byte & 0x40) === 0 ? value : -1;
  }
  return -1;
}

/** The error for an instruction that names the epoch memory. */
export function refuseMemory(reader: ByteReader, at: number): HostError {
  return reader.malformed('the index of a memory', at);
}
