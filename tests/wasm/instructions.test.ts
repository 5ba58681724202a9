/** Holds the opcode tables against V8: what we know must validate with the immediates we say, what we do not know must not. */
import t from 'tap';
import { ByteReader } from '../../host/wasm/byte-reader.ts';
import { rewriteCoreModule } from '../../host/wasm/rewrite-core-module.ts';
import { immediatesOf, readOpcode } from '../../host/wasm/instructions.ts';
import { encodeOpcode, IMMEDIATES, moduleWith } from './opcode-module.ts';

/** What stands around the instruction: before it any operands are there, behind it none may be left. */
const UNREACHABLE = 0x00;
/** Opcodes that are only valid within others; held against V8 as text in rewrite-core-module.test.ts. */
const STRUCTURAL = new Set([0x05, 0x07, 0x09, 0x0b, 0x18, 0x19]);
/** Valid only with types that we refuse, or (br_on_cast) with a label that takes a reference. */
const NEEDS_MORE = new Set([
  ...Array.from({ length: 0x0f }, (_, second) => 0xfb0000 | second),
  ...[0x10, 0x11, 0x12, 0x13, 0x18, 0x19].map((second) => 0xfb0000 | second),
  0xd6, // br_on_non_null: a label that takes a reference
]);
/** In the standard, and behind a flag in this V8. */
const FLAGGED = new Set([0x13, 0x14, 0x15, 0x16].map((second) => 0xfc0000 | second));

function isKnown(opcode: number): boolean {
  try {
    return readOpcode(new ByteReader(new Uint8Array(encodeOpcode(opcode)))) === opcode;
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
      const valid = IMMEDIATES[immediatesOf(opcode)]
        .map((immediates) =>
          moduleWith([UNREACHABLE, ...encodeOpcode(opcode), ...immediates, UNREACHABLE]),
        )
        .find((bytes) => WebAssembly.validate(bytes));
      const name = `0x${opcode.toString(16)} (${immediatesOf(opcode)})`;
      if (valid === undefined) {
        t.fail(`${name} does not validate`);
        continue;
      }
      const { bytes, contract } = rewriteCoreModule(valid);
      if (!WebAssembly.validate(bytes)) t.fail(`${name} does not validate when rewritten`);
      if (contract.memories[0]?.growName !== 'grow0')
        t.fail(`${name} hides the memory.grow behind it`);
      checked += 1;
    }
    t.ok(checked > 500, `${checked} opcodes`);
    t.end();
  },
);

t.test('no opcode that is unknown to us validates in V8', (t) => {
  const guesses = Object.values(IMMEDIATES).flat();
  const accepted: string[] = [];
  for (const opcode of candidates) {
    if (isKnown(opcode)) continue;
    const valid = guesses.some((immediates) =>
      WebAssembly.validate(
        moduleWith([UNREACHABLE, ...encodeOpcode(opcode), ...immediates, UNREACHABLE]),
      ),
    );
    if (valid) accepted.push(opcode.toString(16));
  }
  t.same(accepted, []);
  t.throws(() => rewriteCoreModule(moduleWith([UNREACHABLE, 0xfd, 0x9a, 0x01])), {
    code: 'malformed_wasm',
    message: /expected a known opcode at byte \d+/,
  });
  t.end();
});

t.test('opcodes that allocate garbage-collected memory are refused', (t) => {
  for (const second of [0x00, 0x01, 0x06, 0x07, 0x08, 0x09, 0x0a]) {
    t.throws(() => rewriteCoreModule(moduleWith([UNREACHABLE, 0xfb, second, 0, 0])), {
      code: 'gc_refused',
    });
  }
  t.end();
});
