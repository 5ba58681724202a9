/** Holds the opcode tables against V8: what we know must validate with the immediates we say, what we do not know must not. */
import t from 'tap';
import { ByteReader } from '../../host/wasm/byte-reader.ts';
import { ByteWriter } from '../../host/wasm/byte-writer.ts';
import { rewriteCoreModule } from '../../host/wasm/host-memory.ts';
import { immediatesOf, readOpcode, type Immediates } from '../../host/wasm/instructions.ts';

/** Immediates that are valid in the module below; several where alignment depends on the opcode. */
const EXAMPLES: Record<Immediates, number[][]> = {
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

/** Opcodes that are only valid within others; held against V8 as text in host-memory.test.ts. */
const STRUCTURAL = new Set([0x05, 0x07, 0x09, 0x0b, 0x18, 0x19]);
/** Valid only with types that we refuse, or (br_on_cast) with a label that takes a reference. */
const NEEDS_MORE = new Set([
  ...Array.from({ length: 0x0f }, (_, second) => 0xfb0000 | second),
  ...[0x10, 0x11, 0x12, 0x13, 0x18, 0x19].map((second) => 0xfb0000 | second),
  0xd6, // br_on_non_null: a label that takes a reference
]);
/** In the standard, and behind a flag in this V8. */
const FLAGGED = new Set([0x13, 0x14, 0x15, 0x16].map((second) => 0xfc0000 | second));

function encode(opcode: number): number[] {
  if (opcode < 0x100) return [opcode];
  const writer = new ByteWriter();
  writer.unsigned(opcode & 0xffff);
  return [opcode >>> 16, ...writer.finish()];
}

const PREAMBLE: readonly number[] = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const section = (id: number, ...contents: number[]): number[] => [id, contents.length, ...contents];

/** A module with one of everything, whose first function holds `code` after `unreachable` and whose second grows the memory. */
function moduleWith(code: readonly number[]): Uint8Array {
  const body = [1, 1, 0x7f, 0x00, ...code, 0x00, 0x0b];
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

function isKnown(opcode: number): boolean {
  try {
    return readOpcode(new ByteReader(new Uint8Array(encode(opcode)))) === opcode;
  } catch {
    return false;
  }
}

const candidates = [
  ...Array.from({ length: 0xfb }, (_, byte) => byte),
  ...[0xfb, 0xfc, 0xfe].flatMap((prefix) =>
    Array.from({ length: 0x80 }, (_, second) => (prefix << 16) | second),
  ),
  ...Array.from({ length: 0x180 }, (_, second) => 0xfd0000 | second),
];

t.test(
  'every known opcode validates in V8 with the immediates of its kind, before and after',
  (t) => {
    let checked = 0;
    for (const opcode of candidates) {
      if (!isKnown(opcode)) continue;
      if (STRUCTURAL.has(opcode) || NEEDS_MORE.has(opcode) || FLAGGED.has(opcode)) continue;
      const valid = EXAMPLES[immediatesOf(opcode)]
        .map((immediates) => moduleWith([...encode(opcode), ...immediates]))
        .find((bytes) => WebAssembly.validate(bytes));
      const name = `0x${opcode.toString(16)} (${immediatesOf(opcode)})`;
      if (valid === undefined) {
        t.fail(`${name} does not validate`);
        continue;
      }
      const { bytes, memories } = rewriteCoreModule(valid);
      if (!WebAssembly.validate(bytes)) t.fail(`${name} does not validate when rewritten`);
      if (memories[0]?.growName !== 'grow0') t.fail(`${name} hides the memory.grow behind it`);
      checked += 1;
    }
    t.ok(checked > 500, `${checked} opcodes`);
    t.end();
  },
);

t.test('no opcode that is unknown to us validates in V8', (t) => {
  const guesses = Object.values(EXAMPLES).flat();
  const accepted: string[] = [];
  for (const opcode of candidates) {
    if (isKnown(opcode)) continue;
    const valid = guesses.some((immediates) =>
      WebAssembly.validate(moduleWith([...encode(opcode), ...immediates])),
    );
    if (valid) accepted.push(opcode.toString(16));
  }
  t.same(accepted, []);
  t.throws(() => rewriteCoreModule(moduleWith([0xfd, 0x9a, 0x01])), {
    code: 'malformed_wasm',
    message: /expected a known opcode at byte \d+/,
  });
  t.end();
});

t.test('opcodes that allocate garbage-collected memory are refused', (t) => {
  for (const second of [0x00, 0x01, 0x06, 0x07, 0x08, 0x09, 0x0a]) {
    t.throws(() => rewriteCoreModule(moduleWith([0xfb, second, 0, 0])), { code: 'gc_refused' });
  }
  t.end();
});
