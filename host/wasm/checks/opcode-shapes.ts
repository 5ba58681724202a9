/**
 * Opcodes of one byte → what the hot loop of the parser does with them: most instructions steer nothing, and are
 * passed over by the form of what follows them. Apart from the parser because it is a table.
 */
import { ByteReader } from '../byte-reader.ts';
import { immediatesOf, readOpcode } from '../instructions.ts';

/** What follows an opcode; `other` is looked at one by one. */
export const SHAPE = Object.freeze({ other: 0, plain: 1, leb: 2, local: 3, memarg: 4 });

/** By opcode. */
export const SHAPES = createShapes();

function createShapes(): Uint8Array {
  const shapes = new Uint8Array(256);
  const steering = new Set([
    0x00, 0x05, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0f, 0x18, 0x19, 0x0c, 0x0d, 0x14, 0x15, 0xd5, 0xd6,
  ]);
  for (let opcode = 0; opcode < 0xfb; opcode += 1) {
    if (steering.has(opcode)) continue;
    // `immediatesOf` calls what is unknown "none"; that must reach `readOpcode`, which refuses it.
    if (!isKnown(opcode)) continue;
    const immediates = immediatesOf(opcode);
    if (opcode >= 0x20 && opcode <= 0x22) shapes[opcode] = SHAPE.local;
    else if (immediates === 'none') shapes[opcode] = SHAPE.plain;
    else if (immediates === 'index' || immediates === 'i32' || immediates === 'i64') {
      shapes[opcode] = SHAPE.leb;
    } else if (immediates === 'memarg') shapes[opcode] = SHAPE.memarg;
  }
  return shapes;
}

function isKnown(opcode: number): boolean {
  try {
    return readOpcode(new ByteReader(Uint8Array.of(opcode))) === opcode;
  } catch {
    return false;
  }
}
