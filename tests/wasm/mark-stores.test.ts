/** Where the mark is lowered, where it need not be, and every way in which code could get below it. */
import t from 'tap';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { lowestWritten, UNWRITTEN_MARK } from '../../host/wasm/low-water-mark.ts';
import { rewriteCoreModule } from '../../host/wasm/rewrite-core-module.ts';
import { run } from './host-side.ts';

/** Runs a function of locals p, q, fp and a parameter x beside 2 pages with data at 70,000. */
async function marked(body: string, x = 0, more = '') {
  const wat = `(module (memory (export "m") 2) (data (i32.const 70000) "data") ${more}
    (global $sp (mut i32) (i32.const 60000))
    (func $f (export "f") (param $x i32) (local $p i32) (local $q i32) (local $fp i32) ${body}))`;
  const module = rewriteCoreModule(await parse(wat), { checks: false });
  const running = run(module);
  const [memory] = running.memories;
  const image = new Uint8Array(memory?.buffer ?? new ArrayBuffer(0)).slice();
  running.exports['f']?.(x);
  const bytes = new Uint8Array(memory?.buffer ?? new ArrayBuffer(0));
  const changed = bytes.findIndex((byte, at) => byte !== image[at]);
  const bound = module.contract.writes[0]?.bound ?? 2 ** 32;
  return {
    mark: running.mark(),
    bound,
    changed,
    from: lowestWritten(running.mark(), bound),
    module,
  };
}

/** Checks in the code: comparisons with the mark. */
function checksIn(bytes: Uint8Array): number {
  const text = Buffer.from(bytes).toString('latin1');
  // global.get 1 (the mark), i32.lt_s, if
  return text.split('\x23\x01\x48\x04').length - 1;
}

t.test('stores need as few checks as is said', async (t) => {
  const frame = '(global.set $sp (local.tee $fp (i32.sub (global.get $sp) (i32.const 64))))';
  const cases: [what: string, checks: number, body: string][] = [
    ['a constant address from the data on', 0, '(i32.store (i32.const 70004) (i32.const 1))'],
    [
      'a constant offset from the data on',
      0,
      '(i32.store offset=80000 (local.get $x) (i32.const 1))',
    ],
    ['a constant address below the data', 1, '(i32.store (i32.const 3000) (i32.const 1))'],
    ['a local', 1, '(i32.store (local.get $x) (i32.const 1))'],
    [
      'fields of what a local points to',
      1,
      `(local.set $p (i32.or (local.get $x) (i32.const 2000))) (i32.store offset=8 (local.get $p) (i32.const 1))
       (i64.store offset=16 (local.get $p) (i64.const 1)) (i32.store (i32.add (local.get $p) (i32.const 4)) (i32.const 1))
       (if (local.get $x) (then (i32.store8 (local.get $p) (i32.const 1))))
       (loop (f64.store offset=24 (local.get $p) (f64.const 1)))`,
    ],
    ['a frame that nothing is stored to', 0, frame],
    [
      'a frame, in loops and branches',
      1,
      `${frame} (if (local.get $x) (then (i32.store offset=8 (local.get $fp) (i32.const 1))))
       (loop (i32.store offset=12 (local.get $fp) (i32.const 1)))
       (local.set $q (i32.add (local.get $fp) (i32.const 16))) (i32.store (local.get $q) (i32.const 2))`,
    ],
    [
      'a local that holds a constant from the data on',
      0,
      '(local.set $p (i32.const 71000)) (if (local.get $x) (then (i32.store8 (local.get $p) (i32.const 1))))',
    ],
    ['a sum', 1, '(i32.store (i32.add (local.get $x) (local.get $p)) (i32.const 1))'],
    ['no store', 0, '(drop (i32.load (local.get $x)))'],
  ];
  for (const [what, checks, body] of cases) {
    const { module } = await marked(body);
    t.equal(checksIn(module.bytes), checks, what);
  }
});

t.test('the mark is the lowest address written to, or lower', async (t) => {
  const cases: [what: string, from: number, body: string][] = [
    [
      'nothing',
      UNWRITTEN_MARK,
      '(drop (memory.size)) (if (local.get $x) (then (i32.store (local.get $x) (i32.const 1))))',
    ],
    ['only data', 70_004, '(i32.store (i32.const 70004) (i32.const 1))'],
    ['one store', 5000, '(i32.store (i32.mul (i32.const 5) (i32.const 1000)) (i32.const 1))'],
    [
      'the lower of two',
      4000,
      '(i32.store (i32.const 5000) (i32.const 1)) (i32.store (i32.const 4000) (i32.const 1))',
    ],
    [
      'the address a store adds to',
      5000,
      '(i32.store offset=8 (i32.mul (i32.const 5) (i32.const 1000)) (i32.const 1))',
    ],
    [
      'a frame',
      59_936,
      '(local.set $fp (i32.sub (global.get $sp) (i32.const 64))) (i32.store8 (local.get $fp) (i32.const 7))',
    ],
    [
      'filled',
      4500,
      '(memory.fill (i32.mul (i32.const 9) (i32.const 500)) (i32.const 1) (i32.const 10))',
    ],
    [
      'copied',
      4500,
      '(memory.copy (i32.mul (i32.const 9) (i32.const 500)) (i32.const 70000) (i32.const 4))',
    ],
    [
      'a vector',
      4500,
      '(v128.store8_lane 3 (i32.mul (i32.const 9) (i32.const 500)) (v128.const i32x4 -1 -1 -1 -1))',
    ],
  ];
  for (const [what, from, body] of cases) {
    const found = await marked(body);
    t.equal(found.from, from, what);
    t.ok(found.changed === -1 || found.changed >= found.from, `${what}: ${found.changed}`);
  }
});

t.test('no trick gets below the mark', async (t) => {
  const store = (address: string): string => `(i32.store8 ${address} (i32.const 1))`;
  const p = '(local.get $p)';
  const tricks: [what: string, body: string][] = [
    [
      'a loop that comes back with another address',
      `(local.set $p (i32.or (local.get $x) (i32.const 50000))) ${store(p)}
       (loop ${store(p)} (local.set $p (i32.or (local.get $x) (i32.const 100))) (br_if 0 (i32.eqz (local.get $q)) (local.set $q (i32.const 1))))`,
    ],
    [
      'a local assigned between its use as an address and the store',
      `(local.set $p (i32.or (local.get $x) (i32.const 100))) (i32.store8 ${p} (local.tee $p (i32.or (local.get $x) (i32.const 50000))))`,
    ],
    [
      'one that is checked in between, too',
      `(local.set $p (i32.or (local.get $x) (i32.const 100)))
       local.get $p (local.set $p (i32.or (local.get $x) (i32.const 50000))) ${store(p)} i32.const 1 i32.store8`,
    ],
    [
      'a frame that is made on another way only',
      `(block (br_if 0 (i32.eqz (local.get $x))) (local.set $fp (i32.sub (global.get $sp) (i32.const 64))) ${store('(local.get $fp)')})
       ${store('(i32.add (local.get $fp) (i32.const 5))')}`,
    ],
    [
      'one branch of an if that checks, and the other that stores',
      `(local.set $p (i32.or (local.get $x) (i32.const 100))) (if (local.get $x) (then ${store(p)}) (else ${store(p)}))`,
    ],
    [
      'a check in a try, and a store in what catches',
      `(local.set $p (i32.or (local.get $x) (i32.const 100))) (block $c (try_table (catch_all $c) (if (i32.eqz (local.get $x)) (then (throw $e))) ${store(p)})) ${store(p)}`,
    ],
    [
      'a negative constant',
      `(local.set $p (i32.or (local.get $x) (i32.const 50000))) ${store(p)} ${store(`(i32.add ${p} (i32.const -40000))`)}`,
    ],
    [
      'constants that add up to the whole address space',
      `(local.set $p (i32.or (local.get $x) (i32.const 50000))) ${store(p)}
       ${'(local.set $p (i32.add (local.get $p) (i32.const 1073000000)))'.repeat(4)}
       ${store(`(i32.add ${p} (i32.const ${2 ** 32 - 4_292_000_000 - 40_000}))`)}`,
    ],
    [
      'a stack pointer below zero',
      `(global.set $sp (i32.const 100)) (local.set $fp (i32.sub (global.get $sp) (i32.const 1000)))
       ${store('(i32.add (local.get $fp) (i32.const 950))')}`,
    ],
    [
      'a copy of a local that was checked before it changed',
      `(local.set $p (i32.or (local.get $x) (i32.const 50000))) ${store(p)} (local.set $p (i32.or (local.get $x) (i32.const 100))) (local.set $q ${p}) ${store('(local.get $q)')}`,
    ],
    [
      'a local that holds one constant or the other',
      `(local.set $q (i32.const 71000)) (if (i32.eqz (local.get $x)) (then (local.set $q (i32.const 100)))) ${store('(local.get $q)')}`,
    ],
    [
      'a loop that comes back with another constant',
      `(local.set $q (i32.const 71000))
       (loop ${store('(local.get $q)')} (local.set $q (i32.const 100)) (br_if 0 (i32.eqz (local.get $p)) (local.set $p (i32.const 1))))`,
    ],
    [
      'a store whose address comes through a block',
      store('(block (result i32) (i32.or (local.get $x) (i32.const 100)))'),
    ],
  ];
  for (const [what, body] of tricks) {
    const { changed, from } = await marked(body, 0, '(tag $e)');
    t.ok(changed >= 0, `${what}: it writes`);
    t.ok(changed >= from, `${what}: at ${changed}, mark ${from}`);
  }
});

t.test('a check in a legacy try does not count in its catch', async (t) => {
  const { changed, from } = await marked(
    `(local.set $p (i32.or (local.get $x) (i32.const 100)))
     try (if (i32.eqz (local.get $x)) (then (throw $e))) (i32.store8 (local.get $p) (i32.const 1))
     catch_all (i32.store8 (local.get $p) (i32.const 1)) end`,
    0,
    '(tag $e)',
  );
  t.equal(changed, 100);
  t.ok(from <= 100);
});

t.test('addresses from 2 GiB up make the next reset a full one', async (t) => {
  const wat = `(module (memory 32800) (func (export "f") (param i32) (i32.store8 (local.get 0) (i32.const 1))))`;
  const module = rewriteCoreModule(await parse(wat), { checks: false });
  const running = run(module);
  running.exports['f']?.(0x8000_0010);
  t.ok((running.mark() ?? 0) < 0);
  t.equal(lowestWritten(running.mark(), 2 ** 32), 0);
});

t.test('memories that cannot have a mark are told, with those of other modules', async (t) => {
  const cases: [wat: string, writes: unknown][] = [
    [
      '(module (import "a" "b" (memory 1)) (func (i32.store (i32.const 0) (i32.const 1))))',
      [{ memory: ['a', 'b'], mark: 'faas:low', bound: 2 ** 32 }],
    ],
    [
      '(module (memory i64 1) (func (i32.store (i64.const 0) (i32.const 1))))',
      [{ memory: ['faas:host', 'memory0'], mark: undefined, bound: 0 }],
    ],
    [
      '(module (memory 1) (func (i32.atomic.store (i32.const 0) (i32.const 1))))',
      [{ memory: ['faas:host', 'memory0'], mark: undefined, bound: 0 }],
    ],
    [
      `(module (import "a" "b" (memory 1)) (memory $m 1)
        (func (memory.copy $m 0 (i32.const 0) (i32.const 0) (i32.const 1)) (i32.store (i32.const 2000) (i32.const 1))))`,
      [
        { memory: ['a', 'b'], mark: 'faas:low', bound: 2000 },
        { memory: ['faas:host', 'memory0'], mark: undefined, bound: 0 },
      ],
    ],
    ['(module (memory 1) (func (drop (i32.load (i32.const 0)))))', []],
  ];
  for (const [wat, writes] of cases) {
    const module = rewriteCoreModule(await parse(wat));
    t.same(module.contract.writes, writes, wat);
    t.ok(WebAssembly.validate(module.bytes), wat);
  }
  const off = rewriteCoreModule(
    await parse('(module (memory 1) (func (i32.store (i32.const 0) (i32.const 1))))'),
    { waterMark: false },
  );
  t.match(off.contract.writes, [{ mark: undefined, bound: 0 }]);
});
