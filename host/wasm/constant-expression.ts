/** Passes over constant expressions, noting the functions they name. Only what may stand in one is accepted. */
import type { ByteReader } from './byte-reader.ts';
import type { Edits } from './edits.ts';
import { immediatesOf, readOpcode, skipImmediates } from './instructions.ts';

const END = 0x0b;
const I32_CONST = 0x41;
const REF_FUNC = 0xd2;
/** Constants, `global.get`, `ref.null`, `ref.func`, extended arithmetic, `v128.const`, `ref.i31`, conversions of references. */
const ALLOWED: ReadonlySet<number> = new Set([
  0x41, 0x42, 0x43, 0x44, 0x23, 0xd0, 0xd2, 0x6a, 0x6b, 0x6c, 0x7c, 0x7d, 0x7e, 0xfd000c, 0xfb001a,
  0xfb001b, 0xfb001c,
]);

/**
 * Passes over a constant expression up to and with its `end`.
 *
 * @param edits Gets the function indices that stand in it.
 * @returns Its value if it is nothing but an `i32.const`.
 * @throws {malformed_wasm} If an instruction is none that is constant.
 */
export function walkConstantExpression(reader: ByteReader, edits: Edits): number | undefined {
  let value: number | undefined;
  for (let count = 0; ; count += 1) {
    const start = reader.offset;
    const opcode = readOpcode(reader);
    if (opcode === END) return count === 1 ? value : undefined;
    if (!ALLOWED.has(opcode)) throw reader.malformed('a constant instruction', start);
    if (opcode === REF_FUNC) edits.readFunction(reader);
    else if (opcode === I32_CONST) value = reader.s32();
    else skipImmediates(reader, immediatesOf(opcode));
  }
}
