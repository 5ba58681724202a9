/** Guests that want to run on for ever, or long, in every shape we could think of: each meets a check within milliseconds. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { addEpoch } from './epoch-module.ts';
import { insertChecks } from '../../../host/wasm/checks/insert-checks.ts';

/** Functions that call the next one twice: 2^40 calls. */
const tree = Array.from(
  { length: 40 },
  (_, index) => `(func $t${index} (call $t${index + 1}) (call $t${index + 1}))`,
).join('\n');

const chain = Array.from(
  { length: 30 },
  (_, index) =>
    `(func $c${index} (param i32) (result i32) (call $c${index + 1} (call $c${index + 1} (local.get 0))))`,
).join('\n');

const fills = '(memory.fill (i32.const 0) (i32.const 1) (local.get $n))\n'.repeat(2000);
const add =
  '(local.set $n (i32.add (local.get $n) (i32.load (i32.and (local.get $n) (i32.const 0xffc)))))\n';
const adds = add.repeat(4000);

const SHAPES: Readonly<Record<string, string>> = {
  'an empty loop': '(func (export "run") (loop $l (br $l)))',
  'a loop with a condition':
    '(func (export "run") (local $n i32) (loop $l (br_if $l (i32.const 1))))',
  'a deep call tree': `${tree} (func $t40) (func (export "run") (call $t0))`,
  'a deep call tree of values': `${chain} (func $c30 (param i32) (result i32) (local.get 0)) (func (export "run") (drop (call $c0 (i32.const 1))))`,
  fib: `(func $fib (param i32) (result i32) (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
    (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
    (func (export "run") (drop (call $fib (i32.const 90))))`,
  'recursion of two': `(func $a (param i32) (if (local.get 0) (then (call $b (i32.sub (local.get 0) (i32.const 1))) (call $b (i32.sub (local.get 0) (i32.const 1))))))
    (func $b (param i32) (if (local.get 0) (then (call $a (i32.sub (local.get 0) (i32.const 1))) (call $a (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "run") (call $a (i32.const 90)))`,
  'recursion through a table': `(table funcref (elem $a $b)) (type $f (func (param i32)))
    (func $a (type $f) (if (local.get 0) (then (call_indirect (type $f) (i32.sub (local.get 0) (i32.const 1)) (i32.const 1)) (call_indirect (type $f) (i32.sub (local.get 0) (i32.const 1)) (i32.const 1)))))
    (func $b (type $f) (if (local.get 0) (then (call $a (i32.sub (local.get 0) (i32.const 1))) (call $a (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "run") (call $b (i32.const 90)))`,
  'a tail call of itself': '(func $a (return_call $a)) (func (export "run") (call $a))',
  'tail calls in a ring': `(func $a (param i32) (return_call $b (local.get 0))) (func $b (param i32) (return_call $c (local.get 0)))
    (func $c (param i32) (return_call $a (local.get 0))) (func (export "run") (call $b (i32.const 1)))`,
  'tail calls through a table': `(table funcref (elem $a)) (type $f (func))
    (func $a (type $f) (return_call_indirect (type $f) (i32.const 0))) (func (export "run") (call $a))`,
  'tail calls through a reference': `(type $f (func)) (elem declare func $a)
    (func $a (type $f) (return_call_ref $f (ref.func $a))) (func (export "run") (call $a))`,
  'loops in a leaf called from a loop': `(func $leaf (param i32) (result i32) (loop $l (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if $l (local.get 0))) (local.get 0))
    (func (export "run") (loop $l (drop (call $leaf (i32.const 30000))) (br $l)))`,
  'loops within loops': `(func (export "run") (local i32 i32 i32)
    (loop $a (local.set 1 (i32.const 500)) (loop $b (local.set 2 (i32.const 500)) (loop $c
      (br_if $c (local.tee 2 (i32.sub (local.get 2) (i32.const 1))))) (br_if $b (local.tee 1 (i32.sub (local.get 1) (i32.const 1))))) (br $a)))`,
  'loops with constant bounds in a loop': `(func (export "run") (local i32 i32)
    (loop $a (local.set 1 (i32.const 0)) (loop $b (br_if $b (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 100)))) (br $a)))`,
  'a counter that is set back': `(func (export "run") (local i32 i32) (local.set 1 (i32.const 0))
    (loop $b (local.set 1 (i32.add (local.get 1) (i32.const 1))) (local.set 1 (i32.const 0)) (br_if $b (i32.lt_u (local.get 1) (i32.const 100)))))`,
  'a counter that is set back by a block': `(func (export "run") (local i32 i32) (local.set 1 (i32.const 0))
    (loop $b (block (local.set 1 (i32.const 0))) (local.set 1 (i32.add (local.get 1) (i32.const 1))) (br_if $b (i32.ne (local.get 1) (i32.const 100)))))`,
  'a counter that steps over its end': `(func (export "run") (local i32 i32) (local.set 1 (i32.const 0))
    (loop $b (local.set 1 (i32.add (local.get 1) (i32.const 2))) (br_if $b (i32.ne (local.get 1) (i32.const 101)))))`,
  'a counter that is counted after the branch': `(func (export "run") (local i32 i32) (local.set 1 (i32.const 0))
    (loop $b (br_if $b (i32.lt_u (local.get 1) (i32.const 100))) (local.set 1 (i32.add (local.get 1) (i32.const 1)))))`,
  'a loop by br_table':
    '(func (export "run") (loop $l (block $b (br_table $l $b $l (i32.const 5)))))',
  'a loop by br_on_null': '(func (export "run") (loop $l (drop (br_on_null $l (ref.null func)))))',
  'a loop with a parameter':
    '(func (export "run") (i32.const 1) (loop $l (param i32) (i32.const 1) (i32.add) (br $l)))',
  'many ways back':
    '(func (export "run") (local $n i32) (loop $l (local.set $n (i32.add (local.get $n) (i32.const 1))) (br_if $l (i32.and (local.get $n) (i32.const 1))) (br_if $l (i32.and (local.get $n) (i32.const 2))) (br $l)))',
  'throw and catch in a loop':
    '(tag $e) (func (export "run") (loop $l (block $b (try_table (catch $e $b) (throw $e))) (br $l)))',
  'catching into a loop':
    '(tag $e) (func (export "run") (loop $l (try_table (catch_all $l) (throw $e))))',
  'a callee that throws, legacy': `(tag $e) (func $t (throw $e)) (func (export "run")
    (loop $l try (call $t) catch_all (br $l) end))`,
  'a recursion that unwinds': `(func $deep (param i32) (local $n i32) (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1))))) ${add.repeat(40)})
    (func (export "run") (loop $l (call $deep (i32.const 3000)) (br $l)))`,
  'a recursion that unwinds in small steps': `(func $deep (param i32) (local $n i32) (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1))))) ${add.repeat(5)})
    (func (export "run") (loop $l (call $deep (i32.const 5000)) (br $l)))`,
  'loops that count on the check of a loop before them': `(import "env" "f" (func $f)) (func (export "run") (local i32)
    (loop $a (loop $b (loop $c (br_if $c (local.get 0))) (br_if $b (local.get 0)))
      (loop $d (loop $e (if (local.get 0) (then (call $f) (br $e))) (br $d)) (br $a))))`,
  'straight code': `(func $s (param $n i32) ${adds}) (func (export "run") (loop $l (call $s (i32.const 0)) (br $l)))`,
  'straight code that fills': `(func (export "run") (local $n i32) (local.set $n (i32.const 100000)) (loop $l ${fills} (br $l)))`,
};

/** Sets the flag a while after it is told to, and says when. */
const TICKER = `
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', ({ epoch, times }) => {
    Atomics.wait(new Int32Array(times.buffer), 0, 0, 15);
    times[1] = performance.timeOrigin + performance.now();
    Atomics.store(new Int32Array(epoch), 0, 1);
  });`;

const IMPORTS = { env: { f: () => undefined } };

/** Most milliseconds from the flag to the check that sees it. */
const MOST_MS = 5;

t.test(
  'every shape meets a check within milliseconds of the flag',
  { timeout: 120_000 },
  async (t) => {
    const worker = new Worker(TICKER, { eval: true });
    t.teardown(() => worker.terminate());
    await once(worker, 'online');
    for (const [shape, code] of Object.entries(SHAPES)) {
      const { bytes, options } = addEpoch(await parse(`(module ${code} (memory 4))`));
      const checked = new WebAssembly.Module(insertChecks(bytes, options));
      // Another process may take the processor away: one of some times must do.
      let best = Infinity;
      for (let attempt = 0; attempt < 12 && best > MOST_MS; attempt += 1) {
        const { epoch, most, run } = new WebAssembly.Instance(checked, IMPORTS).exports;
        if (!(epoch instanceof WebAssembly.Memory) || !(most instanceof WebAssembly.Global))
          throw new Error();
        if (typeof run !== 'function') throw new Error('There is nothing to run');
        most.value = 1;
        const times = new Float64Array(new SharedArrayBuffer(16));
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- A worker has no origin.
        worker.postMessage({ epoch: epoch.buffer, times });
        t.throws(() => Reflect.apply(run, undefined, []), WebAssembly.RuntimeError, shape);
        best = Math.min(best, performance.timeOrigin + performance.now() - (times[1] ?? 0));
      }
      t.ok(best <= MOST_MS, `${shape}: ${best.toFixed(2)} ms`);
    }
  },
);
