import { spawnSync } from 'node:child_process';
import t from 'tap';
import '../support/plain-spawn.ts';
import { openThreadClock } from '../../host/limits/thread-clock.ts';

t.test('the clock counts work, and not waiting', async (t) => {
  const threadMs = openThreadClock();
  const before = threadMs();
  const startedMs = performance.now();
  while (threadMs() - before < 20) {
    if (performance.now() - startedMs > 5000) break;
  }
  const busyMs = threadMs() - before;
  t.ok(busyMs >= 20 && busyMs < 40, `${busyMs} ms`);
  t.ok(busyMs <= performance.now() - startedMs + 1, 'no more than has passed');
  const idle = threadMs();
  await new Promise((resolve) => {
    setTimeout(resolve, 50);
  });
  t.ok(threadMs() - idle < 40, 'a wait of 50 ms costs nothing like it');
});

t.test('it is exact enough for slices of a millisecond', (t) => {
  const threadMs = openThreadClock();
  let steps = 0;
  let last = threadMs();
  const end = last + 5;
  while (last < end) {
    const now = threadMs();
    if (now !== last) steps += 1;
    last = now;
  }
  t.ok(steps > 50, `${steps} steps in 5 ms`);
  t.end();
});

t.test('opening it says nothing on stderr', (t) => {
  const script = `
    import { openThreadClock } from ${JSON.stringify(import.meta.resolve('../../host/limits/thread-clock.ts'))};
    process.stdout.write(typeof openThreadClock()());`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', script],
    { encoding: 'utf8' },
  );
  t.same([stdout, stderr], ['number', '']);
  t.end();
});
