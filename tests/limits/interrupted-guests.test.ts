import t from 'tap';
import { systemClock } from '../../host/base/clock.ts';
import { createEnding } from '../../host/component/ending.ts';
import { Scheduler } from '../../host/limits/scheduler.ts';
import { checkedGuest, type Burnt } from './checked-guest.ts';

const LIMIT_MS = 20;
/** A tick to notice. */
const SLACK_MS = 3;
/** What a machine that runs other things besides may take to give the ticker a turn. */
const PATIENCE_MS = 500;

const scheduler = await Scheduler.open({ clock: systemClock });
t.teardown(() => scheduler.close());

const burn = async (key: string, cpuMs = LIMIT_MS): Promise<Burnt> =>
  (await checkedGuest(scheduler, key, cpuMs)).call('spin');

t.test('a loop ends when its time is used up, again and again', async (t) => {
  const used: number[] = [];
  for (let round = 0; round < 15; round += 1) {
    const { outcome, usedMs } = await burn('a');
    t.equal(outcome, 'cpu_limit');
    t.ok(usedMs >= LIMIT_MS && usedMs < LIMIT_MS + PATIENCE_MS, `${usedMs} ms`);
    used.push(usedMs);
  }
  const median = used.sort((left, right) => left - right)[7] ?? Infinity;
  t.ok(median < LIMIT_MS + SLACK_MS, `${median} ms is usual`);
});

t.test('guests that burn side by side are each charged their own time', async (t) => {
  const all = await Promise.all(['a', 'b', 'b', 'c'].map((key) => burn(key)));
  for (const { outcome, usedMs } of all) {
    t.equal(outcome, 'cpu_limit');
    t.ok(usedMs >= LIMIT_MS && usedMs < LIMIT_MS + PATIENCE_MS, `${usedMs} ms`);
  }
});

t.test('guest code that cannot be suspended has 5 ms', async (t) => {
  const guest = await checkedGuest(scheduler, 'nested', 1000);
  const { outcome, usedMs } = guest.callNested();
  t.equal(outcome, 'cpu_limit');
  t.ok(usedMs >= 4 && usedMs < 5 + PATIENCE_MS, `${usedMs} ms`);
});

t.test('timers and other guests go on beside one that burns', async (t) => {
  const burning = burn('burner', 100);
  const light = await checkedGuest(scheduler, 'light', 1000);
  let served = 0;
  const state = { over: false };
  void burning.then(() => {
    state.over = true;
  });
  while (!state.over) {
    const turn = scheduler.admit(scheduler.share('light'));
    if (turn !== undefined) await turn;
    t.equal((await light.call('nop')).outcome, 'returned');
    served += 1;
    await new Promise((resolve) => {
      setTimeout(resolve, 1);
    });
  }
  t.ok(served >= 10, `${served} calls meanwhile`);
  t.equal((await burning).outcome, 'cpu_limit');
});

t.test('a guest that is ended while it is interrupted ends at once', async (t) => {
  const ended = await checkedGuest(scheduler, 'ended', 10_000);
  const others = ['x', 'y', 'z'].map((key) => burn(key, 50));
  const call = ended.call('spin');
  await new Promise((resolve) => {
    setTimeout(resolve, 5);
  });
  ended.meter.cancel(createEnding({ kind: 'timeout' }));
  const { outcome, usedMs } = await call;
  t.equal(outcome, 'timeout');
  const [first] = await Promise.all(others);
  t.equal(first?.outcome, 'cpu_limit');
  t.equal(ended.meter.usedMs, usedMs, 'it did not run again');
});

t.test('ten thousand short calls are charged less than the time they took', async (t) => {
  const guest = await checkedGuest(scheduler, 'short', 60_000);
  const startedMs = performance.now();
  for (let calls = 0; calls < 10_000; calls += 1) await guest.call('nop');
  const tookMs = performance.now() - startedMs;
  const { usedMs } = guest.meter;
  t.ok(usedMs > 0 && usedMs < tookMs, `${usedMs} of ${tookMs} ms`);
});

t.test('guests that are left when the scheduler closes do not run on for ever', async (t) => {
  const closing = await Scheduler.open({ clock: systemClock });
  const guests = await Promise.all(['a', 'b'].map((key) => checkedGuest(closing, key, 1e9)));
  const calls = guests.map((guest) => guest.call('spin'));
  await closing.close();
  for (const { outcome } of await Promise.all(calls)) t.equal(outcome, 'cpu_limit');
});
