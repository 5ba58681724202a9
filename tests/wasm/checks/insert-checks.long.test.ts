/** Where checks stand, what survives them, and what is refused. */
import fs from 'node:fs';
import t from 'tap';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { ByteReader } from '../../../host/wasm/byte-reader.ts';
import { BUDGET_UNITS } from '../../../host/wasm/checks/cost-model.ts';
import { insertChecks } from '../../../host/wasm/checks/insert-checks.ts';
import { readSections, SECTION } from '../../../host/wasm/sections.ts';
import { addEpoch, instantiateChecked } from './epoch-module.ts';
import { ProgramMaker } from './random-program.ts';

/** Units of the code that counts the work of a random program down. */
const UNITS_PER_WORK = 12;
const WORK = 100_000;

interface Outcome {
  readonly result: unknown;
  readonly work: number;
  readonly memory: Buffer;
  readonly isDeep: boolean;
}

function runProgram(exports: WebAssembly.Exports): Outcome {
  const { run, work, memory } = exports;
  if (typeof run !== 'function' || !(work instanceof WebAssembly.Global)) throw new Error('No run');
  if (!(memory instanceof WebAssembly.Memory)) throw new Error('No memory');
  work.value = WORK;
  let result: unknown;
  let isDeep = false;
  try {
    result = Reflect.apply(run, undefined, [3, 5]);
  } catch (error) {
    isDeep = error instanceof RangeError;
    result = error instanceof WebAssembly.RuntimeError ? error.message : 'an exception';
  }
  return { result, work: Number(work.value), memory: Buffer.from(memory.buffer), isDeep };
}

t.test('random programs do the same with checks, and pass them within the budget', (t) => {
  const counts = { same: 0, calls: 0, widest: 0 };
  for (let seed = 1; seed <= 800; seed += 1) {
    const bytes = new ProgramMaker(seed * 7919).make();
    const before = runProgram(new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports);
    const { bytes: ready, options } = addEpoch(bytes);
    const checked = new WebAssembly.Module(insertChecks(ready, options));
    const { exports } = new WebAssembly.Instance(checked);
    const { epoch, calls, last, widest } = exports as Record<string, { value: number }> & {
      epoch: WebAssembly.Memory;
    };
    new Int32Array(epoch.buffer)[0] = 1;
    if (last !== undefined) last.value = WORK;
    const after = runProgram(exports);
    // Frames are a little larger with checks: the stack is full a little sooner.
    if (before.isDeep || after.isDeep) continue;
    const isSame =
      before.result === after.result &&
      before.work === after.work &&
      before.memory.equals(after.memory);
    if (!isSame) t.fail(`seed ${seed}: ${String(before.result)}, ${String(after.result)}`);
    counts.same += isSame ? 1 : 0;
    counts.calls += calls?.value ?? 0;
    const unchecked = Math.max(widest?.value ?? 0, (last?.value ?? 0) - after.work);
    counts.widest = Math.max(counts.widest, unchecked);
  }
  t.ok(counts.same > 700 && counts.calls > 10_000, JSON.stringify(counts));
  t.ok(counts.widest * UNITS_PER_WORK <= BUDGET_UNITS, `${counts.widest} turns in a row`);
  t.end();
});

const LOOP_OF = (body: string): string =>
  `(func (export "run") (param i32) (local i32) ${body} (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))`;

const PLACES: readonly [what: string, code: string, argument: number, calls: number][] = [
  [
    'a function without loops and cycles',
    '(func (export "run") (param i32) (local.set 0 (i32.const 1)))',
    1,
    0,
  ],
  [
    'a loop with a small constant bound',
    '(func (export "run") (param i32) (local i32) (local.set 1 (i32.const 0)) (loop $l (br_if $l (i32.ne (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 64)))))',
    1,
    0,
  ],
  [
    'a loop that cannot pass a small constant, wherever it begins',
    '(func (export "run") (param i32) (loop $l (local.set 0 (i32.add (local.get 0) (i32.const 4))) (br_if $l (i32.lt_u (local.get 0) (i32.const 256)))))',
    0,
    0,
  ],
  ['a strip-mined loop once, where it runs shortly', LOOP_OF(''), 100, 1],
  ['each strip of 1024 iterations of eight units', LOOP_OF(''), 1024 * 8 + 1, 9],
  [
    'a strip-mined loop, and not the one around it, which passes that check anyway',
    `(func (export "run") (param i32) (local i32) (loop $a (local.set 1 (i32.add (local.get 0) (i32.const 20)))
      (loop $b (br_if $b (local.tee 1 (i32.sub (local.get 1) (i32.const 1))))) (br_if $a (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))`,
    7,
    7,
  ],
  [
    'the innermost of two loops that hold calls',
    `(func $f) (func (export "run") (param i32) (local i32) (loop $a (local.set 1 (i32.const 3))
      (loop $b (call $f) (br_if $b (local.tee 1 (i32.sub (local.get 1) (i32.const 1))))) (br_if $a (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))`,
    7,
    21,
  ],
  [
    'only those executions of a recursive function that recurse',
    `(func $fib (param i32) (result i32) (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
      (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
      (func (export "run") (param i32) (drop (call $fib (local.get 0))))`,
    10,
    88,
  ],
  [
    'a call that may lead to the end of the world, and only when it comes to that',
    '(import "env" "panic" (func $panic)) (func (export "run") (param i32) (if (i32.eqz (local.get 0)) (then (call $panic) (unreachable))))',
    1,
    0,
  ],
];

t.test('checks stand where they must and nowhere else', async (t) => {
  for (const [what, code, argument, calls] of PLACES) {
    const instance = instantiateChecked(await parse(`(module ${code})`), {
      env: { panic: () => undefined },
    });
    instance.setEpoch(1);
    instance.exports['run']?.(argument);
    t.equal(instance.calls(), calls, what);
  }
});

t.test('nothing is called while the epoch is zero', async (t) => {
  const instance = instantiateChecked(await parse(`(module ${LOOP_OF('')})`));
  instance.exports['run']?.(1_000_000);
  t.equal(instance.calls(), 0);
});

t.test('a module that needs no checks keeps its bytes', async (t) => {
  const { bytes, options } = addEpoch(await parse('(module (func (export "f")))'));
  t.equal(insertChecks(bytes, options), bytes);
});

t.test('a loop is not hidden by a number that is written longer than it has to be', async (t) => {
  const bytes = await parse(`(module (func (export "run") ${'(nop)'.repeat(30)}) (memory 1))`);
  // What follows the flags of a load (0x82 0x00) is its offset. Taken for opcodes, the offsets here open a block and
  // begin a constant that swallows the loop.
  const hidden = Buffer.from('41014100288200026a1a4100288200441a034001010101010c000b', 'hex');
  const body = Buffer.from(bytes);
  hidden.copy(body, body.indexOf(Buffer.alloc(30, 0x01)));
  t.ok(WebAssembly.validate(body), 'a loop to the engine');
  const { bytes: ready, options } = addEpoch(body);
  const checked = insertChecks(ready, options);
  t.not(checked, ready, 'it has a check');
  t.ok(WebAssembly.validate(checked as Uint8Array<ArrayBuffer>));
});

t.test('hints stand before the code, and say of an if each that it is unlikely', async (t) => {
  const { bytes, options, callsGlobal } = addEpoch(
    await parse(
      `(module (memory 1) (global $low (mut i32) (i32.const 0)) ${LOOP_OF(
        '(if (i32.lt_s (local.get 0) (global.get $low)) (then (global.set $low (local.get 0))))',
      )})`,
    ),
  );
  t.equal(callsGlobal, 1);
  const without = readHints(insertChecks(bytes, options));
  const hints = readHints(insertChecks(bytes, { ...options, lowGlobal: 0 }));
  t.equal(hints.length, without.length + 1, 'the low-water mark is one more');
  t.ok(hints.length >= 2);
  for (const { opcode, value } of hints) {
    t.same([opcode, value], [0x04, 0]);
  }
});

t.test('what would become valid by what is added is refused', async (t) => {
  const code = { code: 'malformed_wasm' };
  const refuse = async (what: string, text: string): Promise<void> => {
    const { bytes, options } = addEpoch(await parse(`(module (memory 1) ${text})`));
    t.throws(() => insertChecks(bytes, options), code, what);
  };
  await refuse(
    'the local that will be the counter',
    '(func (export "run") (param i32) (drop (local.get 1)))',
  );
  await refuse('a label outside', '(func (export "run") (loop $l (br 5) (br $l)))');
  await refuse(
    'the epoch memory, written',
    '(func (export "run") (i32.store 1 (i32.const 0) (i32.const 0)))',
  );
  await refuse(
    'the epoch memory, filled',
    '(func (memory.fill 1 (i32.const 0) (i32.const 0) (i32.const 4)))',
  );
  await refuse(
    'the epoch memory, copied to',
    '(func (memory.copy 1 0 (i32.const 0) (i32.const 0) (i32.const 4)))',
  );
  await refuse('the epoch memory, read as a vector', '(func (drop (v128.load 1 (i32.const 0))))');
  await refuse('the epoch memory, measured', '(func (drop (memory.size 1)))');
});

t.test('mutated code is refused with a code, or valid exactly when it was', (t) => {
  const { bytes, options } = addEpoch(new ProgramMaker(7).make());
  const section = readSections(bytes).find(({ id }) => id === SECTION.code);
  const counts = { refused: 0, valid: 0, invalid: 0 };
  const { contents = 0, end = 0 } = section ?? {};
  for (let at = contents; at < end; at += 3) {
    for (const value of [0x00, 0x02, 0x03, 0x05, 0x0b, 0x0c, 0x0e, 0x20, 0x7f, 0xff]) {
      const mutated = Uint8Array.from(bytes);
      mutated[at] = value;
      const isValid = WebAssembly.validate(mutated);
      try {
        const isStillValid = WebAssembly.validate(insertChecks(mutated, options));
        if (isValid !== isStillValid) t.fail(`byte ${at} = ${value}: ${isValid}, ${isStillValid}`);
        counts[isStillValid ? 'valid' : 'invalid'] += 1;
      } catch (error) {
        counts.refused += 1;
        t.match(error, { code: 'malformed_wasm' });
        if (isValid) t.fail(`byte ${at} = ${value}: V8 takes it, ${String(error)}`);
      }
    }
  }
  t.ok(counts.valid > 100 && counts.refused > 100 && counts.invalid > 100, JSON.stringify(counts));
  t.end();
});

const SURVIVORS: Readonly<Record<string, string>> = {
  'vectors and relaxed vectors': `(func (export "run") (param i32) (local v128) (loop $l
    (local.set 1 (i32x4.relaxed_laneselect (v128.load (i32.const 0)) (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (local.get 1) (local.get 1)) (local.get 1)))
    (br_if $l (i32x4.extract_lane 1 (local.get 1)))))`,
  'references, casts and branches on them': `(func (export "run") (param externref funcref) (loop $l (block $b (result (ref func))
    (br_on_non_null $b (local.get 1)) (br_on_null $l (ref.null func)) (drop) (return)) (drop) (br_if $l (ref.is_null (local.get 0)))))`,
  'a branch on null out of a loop': `(func (export "run") (block $b (loop $l (br_on_null $b (ref.null func)) (drop) (br_if $l (i32.const 0)))))`,
  'values out of a strip-mined loop': `(func (export "run") (param i32) (result i32 i64) (block $b (result i32 i64) (loop $l (result i32 i64)
    (br_if $b (i32.const 1) (i64.const 2) (local.get 0)) (drop) (drop) (block $c (br_table $c 1 $c (local.get 0))) (br_if $l (local.get 0)) (i32.const 3) (i64.const 4))))`,
  'legacy exceptions': `(tag $e) (func (export "run") (param i32) (loop $l try $t (br_if $l (local.get 0))
    try (throw $e) delegate $t catch $e try (throw $e) catch_all (rethrow 1) end end))`,
  'a loop that ends in nothing':
    '(func (export "run") (param i32) (result i32) (loop $l (result i32) (br_if $l (local.get 0)) (unreachable)))',
};

t.test('every kind of instruction survives', async (t) => {
  for (const [what, code] of Object.entries(SURVIVORS)) {
    const { bytes, options } = addEpoch(await parse(`(module (memory 1) ${code})`));
    const before = WebAssembly.validate(bytes);
    t.ok(before && WebAssembly.validate(insertChecks(bytes, options)), what);
  }
  const { bytes, options } = addEpoch(
    await parse(`(module (memory i64 1) (func (export "run") (param i64) (loop $l
      (i64.store offset=5000000000 (local.get 0) (i64.const 1)) (memory.fill (i64.const 0) (i32.const 0) (i64.const 64))
      (br_if $l (i32.wrap_i64 (local.get 0))))))`),
  );
  t.ok(
    WebAssembly.validate(bytes) && WebAssembly.validate(insertChecks(bytes, options)),
    'memory64',
  );
});

const folder = new URL('../../../node_modules/@bytecodealliance/', import.meta.url);
const large = [
  'jco-transpile/vendor/wasm-tools.core.wasm',
  'componentize-js/lib/starlingmonkey_embedding.debug.wasm',
]
  .map((file) => new URL(file, folder).pathname)
  .filter((file) => fs.existsSync(file));

t.test('large modules from other toolchains are valid with checks, and soon', (t) => {
  t.ok(large.length > 0, 'there is one');
  for (const file of large) {
    const { bytes, options } = addEpoch(fs.readFileSync(file));
    // Of this thread's own time: tests run beside each other.
    const started = process.threadCpuUsage();
    const checked = insertChecks(bytes, options);
    const { user, system } = process.threadCpuUsage(started);
    const tookMs = (user + system) / 1000;
    t.ok(WebAssembly.validate(checked), file);
    t.ok(tookMs < 1500, `${bytes.length} bytes in ${tookMs.toFixed(0)} ms`);
    t.ok(checked.length < bytes.length * 1.25, `${checked.length} of ${bytes.length} bytes`);
  }
  t.end();
});

/** The hints of a module, with the opcode that each stands on. */
function readHints(bytes: Uint8Array): { opcode: number; value: number }[] {
  const sections = readSections(bytes);
  const place = sections.findIndex(({ name }) => name === 'metadata.code.branch_hint');
  const section = sections[place];
  const code = sections[place + 1];
  if (section === undefined || code?.id !== SECTION.code)
    throw new Error('No hints before the code');
  const bodies: number[] = [];
  const codeReader = new ByteReader(bytes, code.contents, code.end);
  for (let left = codeReader.u32(); left > 0; left -= 1) bodies.push(codeReader.sized('').offset);
  const reader = new ByteReader(bytes, section.contents, section.end);
  const hints: { opcode: number; value: number }[] = [];
  for (let left = reader.u32(); left > 0; left -= 1) {
    const body = bodies[reader.u32()] ?? 0;
    for (let rest = reader.u32(); rest > 0; rest -= 1) {
      const opcode = bytes[body + reader.u32()] ?? 0;
      if (reader.u8() !== 1) throw new Error('A hint takes one byte');
      hints.push({ opcode, value: reader.u8() });
    }
  }
  reader.expectEnd('the hints');
  return hints;
}
