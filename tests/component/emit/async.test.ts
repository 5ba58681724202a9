/** Tasks, streams, futures and calls under way, by guests that use every built-in as they please. */
import t from 'tap';
import { MAX_WAITABLES } from '../../../host/component/abi/async/async-state.ts';
import { endReasonOf } from '../../../host/component/ending.ts';
import { WitError } from '../../../host/component/host-interface.ts';
import type { ValueType } from '../../../host/component/plan.ts';
import { asyncGuest, endBuiltins, JOIN, RETURN, SET_NEW, type AsyncGuest } from './async-guest.ts';
import { globalOf, memoryOf } from './test-component.ts';

const u32: ValueType = { kind: 'u32' };
const NEW_ENDS = '(global.set $ends (call $s-new))';
const EXIT = '(call $return) (i32.const 0)';
const STREAM = [RETURN, ...endBuiltins('stream', { kind: 'u8' })];
const FUTURE = [RETURN, ...endBuiltins('future', u32)];
const TEXT_FUTURE = [RETURN, ...endBuiltins('future', { kind: 'string' })];

/** What a guest does, and the sentence it ends with. */
const RULES: readonly (readonly [what: string, guest: AsyncGuest, rule: RegExp])[] = [
  ['ends without a result', { body: '(i32.const 0)' }, /ended without a result/],
  ['returns twice', { builtins: [RETURN], body: `(call $return) ${EXIT}` }, /returned twice/],
  [
    'returns another type',
    {
      builtins: [{ ...RETURN, payload: u32, type: '(param i32)' }],
      body: '(call $return (i32.const 1)) (i32.const 0)',
    },
    /another type/,
  ],
  ['answers with nonsense', { body: '(i32.const 7)' }, /answered with 7/],
  ['waits on nothing', { body: '(i32.const 0x52)' }, /5 is not a stream/],
  [
    'cancels itself unasked',
    {
      builtins: [{ name: 'cancel', builtin: 'task-cancel', type: '' }],
      body: '(call $cancel) (i32.const 0)',
    },
    /not cancelled/,
  ],
  [
    'reads into memory that it has not',
    {
      builtins: STREAM,
      body: `${NEW_ENDS} (drop (call $s-read (call $readable) (i32.const 65530) (i32.const 8))) ${EXIT}`,
    },
    /range of 8 bytes at 65530/,
  ],
  [
    'writes more than can be counted',
    {
      builtins: STREAM,
      body: `${NEW_ENDS} (drop (call $s-write (call $writable) (i32.const 0) (i32.const -1))) ${EXIT}`,
    },
    /too long/,
  ],
  [
    'reads twice at a time',
    {
      builtins: STREAM,
      body: `${NEW_ENDS}
        (drop (call $s-read (call $readable) (i32.const 0) (i32.const 1)))
        (drop (call $s-read (call $readable) (i32.const 0) (i32.const 1))) ${EXIT}`,
    },
    /twice at a time/,
  ],
  [
    'drops what it reads',
    {
      builtins: STREAM,
      body: `${NEW_ENDS}
        (drop (call $s-read (call $readable) (i32.const 0) (i32.const 1)))
        (call $s-drop-readable (call $readable)) ${EXIT}`,
    },
    /dropped while in use/,
  ],
  [
    'takes the one end for the other',
    { builtins: STREAM, body: `${NEW_ENDS} (call $s-drop-readable (call $writable)) ${EXIT}` },
    /is not a stream/,
  ],
  [
    'cancels what it has not begun',
    { builtins: STREAM, body: `${NEW_ENDS} (drop (call $s-cancel-read (call $readable))) ${EXIT}` },
    /no read or write to cancel/,
  ],
  [
    'drops a future that it never wrote',
    { builtins: FUTURE, body: `${NEW_ENDS} (call $s-drop-writable (call $writable)) ${EXIT}` },
    /before a value was written/,
  ],
  [
    'reads text that it writes itself',
    {
      builtins: TEXT_FUTURE,
      body: `${NEW_ENDS}
        (drop (call $s-write (call $writable) (i32.const 0)))
        (drop (call $s-read (call $readable) (i32.const 64))) ${EXIT}`,
    },
    /other values than numbers/,
  ],
  [
    'makes streams without end',
    { builtins: STREAM, body: `(loop $l ${NEW_ENDS} (br $l)) (unreachable)` },
    new RegExp(`more than ${MAX_WAITABLES}`),
  ],
];

t.test('what a guest must not do ends it with a sentence', async (t) => {
  for (const [what, guest, rule] of RULES) {
    const instance = await asyncGuest(guest);
    const { state } = instance;
    const error: unknown = await Promise.resolve(instance.exports[0]?.()).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    const reason = endReasonOf(error);
    t.match(reason?.kind === 'rule' ? reason.rule : error, rule, what);
    t.ok(state.ended, `${what}: the instance has ended`);
  }
});

t.test('a stream within a guest copies when both sides are there', async (t) => {
  const instance = await asyncGuest({
    builtins: [...STREAM, SET_NEW, JOIN],
    more: '(data (i32.const 16) "abcdefgh")',
    body: `${NEW_ENDS}
      (global.set $a (call $set))
      (call $join (call $writable) (global.get $a))
      (if (i32.ne (call $s-write (call $writable) (i32.const 16) (i32.const 8)) (i32.const -1))
        (then unreachable))
      (global.set $b (call $s-read (call $readable) (i32.const 64) (i32.const 3)))
      (drop (call $s-read (call $readable) (i32.const 67) (i32.const 2)))
      (i32.or (i32.const 2) (i32.shl (global.get $a) (i32.const 4)))`,
    callback: `(if (i32.ne (local.get $code) (i32.const 3)) (then unreachable))
      (global.set $a (local.get $payload))
      (call $s-drop-writable (call $writable))
      (call $s-drop-readable (call $readable))
      ${EXIT}`,
  });
  await instance.exports[0]?.();
  t.equal(globalOf(instance, 'b'), 3 << 4, 'the read had 3 bytes at once');
  t.equal(globalOf(instance, 'a'), 5 << 4, 'the write was told of all 5 together');
  const memory = new Uint8Array(memoryOf(instance).buffer);
  t.equal(String(Buffer.from(memory.subarray(64, 69))), 'abcde');
});

t.test('a writer learns that its reader has left', async (t) => {
  const instance = await asyncGuest({
    builtins: STREAM,
    body: `${NEW_ENDS} (call $s-drop-readable (call $readable))
      (global.set $a (call $s-write (call $writable) (i32.const 0) (i32.const 4))) ${EXIT}`,
  });
  await instance.exports[0]?.();
  t.equal(globalOf(instance, 'a'), 1, 'dropped, 0 elements');
});

t.test('a copy that is cancelled tells how far it was', async (t) => {
  const instance = await asyncGuest({
    builtins: STREAM,
    body: `${NEW_ENDS}
      (drop (call $s-read (call $readable) (i32.const 64) (i32.const 8)))
      (global.set $a (call $s-cancel-read (call $readable)))
      (drop (call $s-write (call $writable) (i32.const 0) (i32.const 4)))
      (drop (call $s-read (call $readable) (i32.const 64) (i32.const 3)))
      (global.set $b (call $s-cancel-write (call $writable))) ${EXIT}`,
  });
  await instance.exports[0]?.();
  t.equal(globalOf(instance, 'a'), 2, 'cancelled, 0 elements');
  t.equal(globalOf(instance, 'b'), 3 << 4, 'completed, 3 elements');
});

t.test('a call under way is told of when it has come, its result lowered then', async (t) => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const instance = await asyncGuest({
    builtins: [
      { ...RETURN, payload: u32, type: '(param i32)' },
      SET_NEW,
      JOIN,
      { name: 'drop-call', builtin: 'subtask-drop', type: '(param i32)' },
    ],
    result: u32,
    host: {
      type: { isAsync: true, parameters: [], result: { kind: 'string' } },
      call: () => promise,
      coreType: '(param i32) (result i32)',
    },
    body: `(global.set $a (call $call (i32.const 128)))
      (global.set $b (call $set))
      (call $join (i32.shr_u (global.get $a) (i32.const 4)) (global.get $b))
      (i32.or (i32.const 2) (i32.shl (global.get $b) (i32.const 4)))`,
    callback: `(if (i32.ne (local.get $payload) (i32.const 2)) (then unreachable))
      (call $join (local.get $handle) (i32.const 0))
      (call $drop-call (local.get $handle))
      (call $return (i32.load offset=132 (i32.const 0)))
      (i32.const 0)`,
  });
  const told: unknown[] = [];
  const called = instance.exports[0]?.((value: unknown) => told.push(value));
  t.equal(Number(globalOf(instance, 'a')) & 0xf, 1, 'started');
  resolve('six by');
  t.equal(await called, 6);
  t.same(told, [6], 'told when the guest returned it');
});

t.test('an answer at once needs no event, and a dropped call is cancelled', async (t) => {
  let cancelled = 0;
  const never = Object.assign(new Promise<string>(() => {}), { cancel: () => (cancelled += 1) });
  for (const [call, expected] of [
    [(): string => 'now', 2],
    [(): Promise<string> => never, 4],
  ] as const) {
    const instance = await asyncGuest({
      builtins: [
        RETURN,
        { name: 'cancel', builtin: 'subtask-cancel', type: '(param i32) (result i32)' },
        { name: 'drop-call', builtin: 'subtask-drop', type: '(param i32)' },
      ],
      host: {
        type: { isAsync: true, parameters: [], result: { kind: 'string' } },
        call,
        coreType: '(param i32) (result i32)',
      },
      body: `(local $call i32) (local.set $call (call $call (i32.const 128)))
        (global.set $a (local.get $call))
        (if (i32.eq (i32.and (local.get $call) (i32.const 15)) (i32.const 1)) (then
          (global.set $a (call $cancel (i32.shr_u (local.get $call) (i32.const 4))))
          (call $drop-call (i32.shr_u (local.get $call) (i32.const 4)))))
        ${EXIT}`,
    });
    await instance.exports[0]?.();
    t.equal(globalOf(instance, 'a'), expected);
  }
  t.equal(cancelled, 1);
});

t.test('the error value of a call is lowered like its value', async (t) => {
  const type: ValueType = { kind: 'result', ok: undefined, err: u32 };
  const instance = await asyncGuest({
    builtins: [RETURN],
    host: {
      type: { isAsync: true, parameters: [], result: type },
      call: () => {
        throw new WitError(42);
      },
      coreType: '(param i32) (result i32)',
    },
    body: `(drop (call $call (i32.const 128)))
      (global.set $a (i32.load offset=132 (i32.const 0))) ${EXIT}`,
  });
  await instance.exports[0]?.();
  t.equal(globalOf(instance, 'a'), 42);
});

t.test('calls of one instance take turns, and a trap ends all of them', async (t) => {
  const guest: AsyncGuest = {
    builtins: [
      RETURN,
      { name: 'get', builtin: 'context-get', type: '(result i32)' },
      { name: 'put', builtin: 'context-set', type: '(param i32)' },
    ],
    body: `(global.set $a (i32.add (global.get $a) (i32.const 1)))
      (call $put (global.get $a)) (i32.const 1)`,
    callback: `(if (i32.eq (call $get) (i32.const 0)) (then unreachable))
      (global.set $b (i32.add (global.get $b) (call $get)))
      ${EXIT}`,
  };
  const instance = await asyncGuest(guest);
  await Promise.all([instance.exports[0]?.(), instance.exports[0]?.(), instance.exports[0]?.()]);
  t.equal(globalOf(instance, 'b'), 1 + 2 + 3, 'each has a context of its own');
  const trapping = await asyncGuest({ ...guest, callback: 'unreachable' });
  const results = await Promise.allSettled([trapping.exports[0]?.(), trapping.exports[0]?.()]);
  t.same(
    results.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
});

t.test('what a guest leaves is given up when its instance is closed', async (t) => {
  const instance = await asyncGuest({
    builtins: [...STREAM, SET_NEW],
    body: `${NEW_ENDS} (i32.or (i32.const 2) (i32.shl (call $set) (i32.const 4)))`,
  });
  const called = instance.exports[0]?.();
  instance.state.close();
  await t.rejects(Promise.resolve(called), WebAssembly.RuntimeError);
  t.equal(instance.state.components[0]?.async?.isEmpty, true);
});

t.test('an asynchronous function may be lifted synchronously', async (t) => {
  const instance = await asyncGuest({ body: '(i32.const 6)', result: u32, isSync: true });
  const told: unknown[] = [];
  t.equal(await instance.exports[0]?.((value: unknown) => told.push(value)), 6);
  t.same(told, [6]);
  const result: ValueType = { kind: 'result', ok: undefined, err: undefined };
  const failing = await asyncGuest({ body: '(i32.const 1)', result, isSync: true });
  await t.rejects(
    Promise.resolve(failing.exports[0]?.((value: unknown) => told.push(value))),
    WitError,
  );
  t.same(told[1], { tag: 'err', val: undefined });
});
