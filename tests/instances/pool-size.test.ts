import t from 'tap';
import { PoolSize } from '../../host/instances/pool-size.ts';

const IDLE_TIMEOUT_MS = 30_000;

/** So many requests in each second, each of which holds its instance for so long. Gives the time afterwards. */
function use(
  size: PoolSize,
  fromMs: number,
  { seconds, rate, heldMs }: { seconds: number; rate: number; heldMs: number },
): number {
  for (let second = 0; second < seconds; second += 1) {
    for (let request = 0; request < rate; request += 1) {
      size.arrived(fromMs + second * 1000 + (request * 1000) / rate);
      size.held(heldMs);
    }
    size.fold(fromMs + (second + 1) * 1000);
  }
  return fromMs + seconds * 1000;
}

t.test('a version that nobody calls has its minimum', (t) => {
  const size = new PoolSize({ min: 2, max: 10, idleTimeoutMs: IDLE_TIMEOUT_MS }, 0);
  t.equal(size.figures(0).wanted, 2);
  t.equal(size.wantedReady(0, 0), 2);
  t.equal(size.wantedReady(3, 0), 0);
  t.equal(size.nextChangeMs(0), Infinity);
  t.end();
});

t.test('one request makes it want one instance, until it was idle for long enough', (t) => {
  const size = new PoolSize({ min: 0, max: 10, idleTimeoutMs: IDLE_TIMEOUT_MS }, 0);
  size.arrived(0);
  t.equal(size.wantedReady(0, 0), 1);
  t.equal(size.nextChangeMs(0), 1000);
  size.fold(1000);
  t.equal(size.nextChangeMs(1000), IDLE_TIMEOUT_MS, 'nothing is looked at in between');
  t.equal(size.wantedReady(0, IDLE_TIMEOUT_MS), 0);
  t.end();
});

t.test('it wants twice what is in use on average and one more', (t) => {
  const size = new PoolSize({ min: 0, max: 1000, idleTimeoutMs: IDLE_TIMEOUT_MS }, 0);
  const nowMs = use(size, 0, { seconds: 60, rate: 50, heldMs: 100 });
  const { alpha, beta, requestsPerSecond, wanted } = size.figures(nowMs);
  t.ok(Math.abs(requestsPerSecond - 50) < 0.5, `${requestsPerSecond}`);
  t.ok(Math.abs(alpha - 0.2) < 0.001, `${alpha}`);
  t.equal(wanted, Math.ceil(alpha * requestsPerSecond + beta));
  t.equal(wanted, 11);
  t.equal(size.wantedReady(4, nowMs), 7);
  t.equal(size.wantedReady(50, nowMs), 1, 'however many run: one for who comes next');
  t.end();
});

t.test('it never wants more than the maximum, nor less than the minimum', (t) => {
  const size = new PoolSize({ min: 3, max: 8, idleTimeoutMs: IDLE_TIMEOUT_MS }, 0);
  const nowMs = use(size, 0, { seconds: 60, rate: 50, heldMs: 1000 });
  t.equal(size.figures(nowMs).wanted, 8);
  t.equal(size.wantedReady(8, nowMs), 0);
  t.equal(size.wantedReady(7, nowMs), 1);
  const quietMs = use(size, nowMs, { seconds: 120, rate: 1, heldMs: 1 });
  t.equal(size.figures(quietMs).wanted, 3, 'a rush is forgotten');
  t.end();
});
