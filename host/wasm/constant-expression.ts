/** Passes over constant expressions, noting the functions they name. Only what may stand in one is accepted. */
import type { ByteReader } from './byte-reader.ts';
import type { Edits } from './edits.ts';
import { immediatesOf, readOpcode, skipImmediates } from './instructions.ts';

const END = 0x0b;
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
 * @throws {malformed_wasm} If an instruction is none that is constant.
 */
export function walkConstantExpression(reader: ByteReader, edits: Edits): void {
  for (;;) {
    const start = reader.offset;
    const opcode = readOpcode(reader);
    if (opcode === END) return;
    if (!ALLOWED.has(opcode)) throw reader.malformed('a constant instruction', start);
    if (opcode === REF_FUNC) {
      const at = reader.offset;
      const index = reader.u32();
      edits.addFunction(at, reader.offset, index);
    } else {
      skipImmediates(reader, immediatesOf(opcode));
    }
  }
}
