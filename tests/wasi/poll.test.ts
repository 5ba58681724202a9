import t from 'tap';
import { wasiClocksMonotonicClock } from '../../host/wasi/clocks/monotonic-clock.ts';
import { InputStream } from '../../host/wasi/io/input-stream.ts';
import { wasiIoPoll } from '../../host/wasi/io/poll.ts';
import { Pollable } from '../../host/wasi/io/pollable.ts';
import { SlowSource } from './slow-source.ts';
import { TestGuest } from './test-guest.ts';

const U64_MAX = 2n ** 64n - 1n;

t.test('poll() gives the indexes of all that are ready, at once if one is', async (t) => {
  const guest = new TestGuest();
  const never = subscribeDuration(guest, U64_MAX);
  const now = subscribeDuration(guest, 0n);
  t.same(poll(guest, [never, now, now]), Uint32Array.of(1, 2));
  t.equal(guest.clock.timers, 0, 'nothing was waited for');
});

t.test('poll() waits for the first, and leaves nothing behind for the others', async (t) => {
  const guest = new TestGuest();
  const source = new SlowSource();
  const stream = new InputStream(guest, source);
  const timeout = subscribeDuration(guest, 1_000_000_000n);
  for (let round = 0; round < 100; round += 1) {
    const bytes = stream.subscribe();
    const polled = poll(guest, [timeout, bytes, timeout]);
    source.push('x');
    t.same(await polled, Uint32Array.of(1));
    t.equal(String(stream.read(10n)), 'x');
    bytes[Symbol.dispose]();
  }
  t.equal(guest.clock.timers, 1, 'one timer, however often it was polled');
  const polled = poll(guest, [stream.subscribe(), timeout]);
  guest.clock.advance(1000);
  t.same(await polled, Uint32Array.of(1));
});

t.test('poll() ends the guest for an empty list, and for one of 10,001', (t) => {
  for (const pollables of [[], Array.from({ length: 10_001 }, () => new Ready())]) {
    const guest = new TestGuest();
    t.throws(() => poll(guest, pollables), WebAssembly.RuntimeError);
    t.match(guest.endReason, { kind: 'rule', rule: /poll/ });
  }
  t.end();
});

t.test('a duration of u64::MAX is waited for in steps that a timer can take', async (t) => {
  const guest = new TestGuest();
  const pollable = subscribeDuration(guest, U64_MAX);
  const waiting = t.rejects(Promise.resolve(pollable.block()), WebAssembly.RuntimeError);
  for (let step = 0; step < 3; step += 1) {
    t.equal(guest.clock.timers, 1);
    const next = guest.clock.untilTimerIsSet();
    guest.clock.advance(2 ** 31 - 1);
    await next;
  }
  t.equal(pollable.ready(), false);
  guest.endNow({ kind: 'timeout' });
  await waiting;
});

t.test('an instant becomes ready when it has come, not before', async (t) => {
  const guest = new TestGuest();
  const instant = guest.monotonicNs() + 1_500_000n;
  const pollable = call(guest, 'subscribe-instant', instant);
  const blocked = pollable.block();
  guest.clock.advance(1);
  t.equal(pollable.ready(), false);
  guest.clock.advance(1);
  await blocked;
  t.equal(pollable.ready(), true);
  t.equal(call(guest, 'subscribe-instant', 0n).ready(), true, 'an instant that has passed');
});

t.test('a guest that hoards pollables ends itself; one that drops them does not', (t) => {
  const guest = new TestGuest();
  for (let made = 0; made < 200_000; made += 1) subscribeDuration(guest, 1n)[Symbol.dispose]();
  t.equal(guest.endReason, undefined);
  const hoard = (): void => {
    for (let made = 0; made < 200_000; made += 1) subscribeDuration(guest, 1n);
  };
  t.throws(hoard, WebAssembly.RuntimeError);
  t.match(guest.endReason, { kind: 'rule', rule: /drop what is no longer needed/ });
  t.end();
});

t.test('a dropped pollable takes its timer with it', async (t) => {
  const guest = new TestGuest();
  const timer = subscribeDuration(guest, 1_000_000n);
  const source = new SlowSource();
  const polled = poll(guest, [timer, new InputStream(guest, source).subscribe()]);
  source.end();
  t.same(await polled, Uint32Array.of(1));
  t.equal(guest.clock.timers, 1);
  timer[Symbol.dispose]();
  t.equal(guest.clock.timers, 0);
});

/** Always ready. */
class Ready extends Pollable {
  constructor() {
    super(
      new TestGuest(),
      () => true,
      () => Promise.resolve(),
    );
  }
}

function poll(guest: TestGuest, pollables: readonly Pollable[]): unknown {
  return wasiIoPoll.functions['poll']?.(guest, pollables);
}

function subscribeDuration(guest: TestGuest, durationNs: bigint): Pollable {
  return call(guest, 'subscribe-duration', durationNs);
}

function call(guest: TestGuest, name: string, timeNs: bigint): Pollable {
  return wasiClocksMonotonicClock.functions[name]?.(guest, timeNs) as Pollable;
}
