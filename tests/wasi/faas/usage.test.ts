import t from 'tap';
import { wasiInterfaces } from '../../../host/wasi/interfaces.ts';
import { GuestState, type GuestMeters } from '../../../host/wasi/guest-state.ts';
import { BufferSource, CollectSink } from '../../../host/wasi/memory-bytes.ts';
import { ManualClock } from '../manual-clock.ts';
import { TestGuest } from '../test-guest.ts';

const U64_MAX = 2n ** 64n - 1n;

t.test('usage tells what was used, the limit and what is left, in ns and bytes', (t) => {
  const clock = new ManualClock();
  const meters = { usedMs: 1.5, limitMs: 50, cancel: () => {} };
  const memory = { bytes: 65_536, limitBytes: 1 << 20 };
  const guest = openGuest(clock, { cpu: meters, memory, timeoutMs: 10_000 });
  clock.advance(250);
  t.same(get(guest), {
    cpuTime: { used: 1_500_000n, limit: 50_000_000n, remaining: 48_500_000n },
    memory: { used: 65_536n, limit: 1_048_576n, remaining: 983_040n },
    wallTime: { used: 250_000_000n, limit: 10_000_000_000n, remaining: 9_750_000_000n },
  });
  meters.usedMs = 50.25;
  memory.bytes = 2 << 20;
  t.match(get(guest), {
    cpuTime: { used: 50_250_000n, remaining: 0n },
    memory: { remaining: 0n },
  });
  t.end();
});

t.test('a guest without limits sees the largest number', (t) => {
  const unlimited = { used: 0n, limit: U64_MAX, remaining: U64_MAX };
  t.same(get(new TestGuest()), { cpuTime: unlimited, memory: unlimited, wallTime: unlimited });
  t.end();
});

function openGuest(clock: ManualClock, meters: GuestMeters): GuestState {
  const parts = {
    arguments: [],
    environment: [],
    stdin: new BufferSource(new Uint8Array(0)),
    stdout: new CollectSink({ limitBytes: 1, beyond: 'fail' }),
    stderr: new CollectSink({ limitBytes: 1, beyond: 'fail' }),
    preopens: [],
    outgoingHttp: {
      send: (): never => {
        throw new Error('nothing is sent here');
      },
    },
    startedMs: clock.monotonicMs(),
  };
  return new GuestState(clock, parts, meters);
}

function get(guest: GuestState): unknown {
  const offered = wasiInterfaces.find(({ name }) => name === 'faas:runtime/usage');
  return offered?.functions['get']?.(guest);
}
