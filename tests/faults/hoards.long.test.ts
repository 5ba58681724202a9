/** Guests that take as much as they can get, of memory, handles, headers: refused or ended, and nothing of it stays. */
import t from 'tap';
import { liveBufferBytes } from '../e2e/live-bytes.ts';
import { openRunningHost, deployCanary, type RunningHost } from '../e2e/running-host.ts';
import { misbehave } from '../guests/guests.ts';
import { besideCanary } from './neighbour.ts';

const MIB = 2 ** 20;
const LIMITS = { memoryBytes: 64 * MIB, cpuMs: 2000, timeoutMs: 20_000 };

let host: RunningHost;

t.before(async () => {
  host = await openRunningHost(t);
  await deployCanary(host);
  await host.deploy('hoard', misbehave(), { limits: LIMITS });
});

t.test(
  'guests that want twice their memory are ended, one after the other and at once',
  async (t) => {
    await host.call('/hoard/grow?mib=1');
    const before = liveBufferBytes();
    await besideCanary(t, host, ['hoard'], async () => {
      for (let left = 5; left > 0; left -= 1) {
        const answer = await host.call('/hoard/grow?mib=128');
        t.match(answer, { status: 500, error: { code: 'memory_limit' } });
      }
      const calls = Array.from({ length: 4 }, () => host.call('/hoard/grow?mib=128'));
      for (const answer of await Promise.all(calls)) {
        t.match(answer, { status: 500, error: { code: 'memory_limit' } });
      }
    });
    const left = liveBufferBytes() - before;
    t.ok(left < LIMITS.memoryBytes, `${Math.round(left / MIB)} MiB are held afterwards`);
  },
);

t.test('a guest that is refused memory and lives on is served', async (t) => {
  await besideCanary(t, host, ['hoard'], async () => {
    const answer = await host.call('/hoard/grow?mib=128&soft=1');
    t.match(answer, { status: 200, text: /^refused after \d+ MiB/ });
  });
});

t.test('a guest that makes handles without end is ended at the limit', async (t) => {
  await besideCanary(t, host, ['hoard'], async () => {
    for (let left = 3; left > 0; left -= 1) {
      const answer = await host.call('/hoard/hog-handles?n=100000000&leak=1');
      t.equal(answer.status, 500);
      t.match(answer.error?.code, /^(guest_broke_rule|guest_trapped|memory_limit)$/);
    }
  });
});

t.test('guests that make handles without end at once leave nothing behind', async (t) => {
  await host.call('/hoard/hog-handles?n=10');
  await besideCanary(t, host, ['hoard'], async () => {
    const path = '/hoard/hog-handles?n=100000000&leak=1';
    const calls = Array.from({ length: 4 }, () => host.call(path));
    for (const { status } of await Promise.all(calls)) t.equal(status, 500);
  });
  t.match(await host.call('/hoard/hog-handles?n=1000'), { status: 200 }, 'there is room again');
});

t.test('a guest that writes a million headers gets no more than it may have', async (t) => {
  await besideCanary(t, host, ['hoard'], async () => {
    for (const path of ['/hoard/many-headers', '/hoard/many-headers?width=8000']) {
      const { status, text } = await host.call(path);
      t.equal(status, 200);
      const taken = Number(/^took (\d+) headers/.exec(text)?.[1]);
      t.ok(taken > 0 && taken <= 1000, `${taken} were taken`);
    }
  });
});

t.test('a guest that prints without end is cut off, and delays nobody', async (t) => {
  // Every line is a call of a host function that may block and does not: the guest must give way all the same.
  const print = async (): Promise<void> => {
    const { status } = await host.call('/hoard/stdout?lines=200000&width=200');
    t.ok([200, 504].includes(status), `status ${status}`);
  };
  await besideCanary(t, host, ['hoard'], print, 500);
});
