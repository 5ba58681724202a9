/** What a deployment limits holds for the host, whichever worker is asked: measured on two workers, within 5 %. */
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { misbehave, wat } from '../guests/guests.ts';
import { WorkersHost } from '../faults/workers-host.ts';
import { SteadyLoad } from '../support/steady-load.ts';

const PER_SECOND = 100;
const RATE_MS = 10_000;
const PLACES = 20;
const SLEEP_MS = 1000;
const SAMPLES = 30;
const SAMPLE_MS = 200;
const CPU_MS_PER_MINUTE = 6000;
const CPU_MS_A_CALL = 10;
/** Each has a request under way when the time is over, which was let in and goes on. */
const BURNING = 8;
const SOME = 0.05;

const skip = process.platform === 'win32';
let cluster: WorkersHost;

t.before(async () => {
  if (!skip) cluster = await WorkersHost.start(t);
});

/** Loads all workers: so many connections do not all go to one of them. */
function load(
  t: Test,
  path: string,
  requestsPerSecond: number,
  connections = 60,
): Promise<SteadyLoad> {
  return SteadyLoad.start(t, { port: cluster.port, path, requestsPerSecond, connections });
}

/** Sum of all series of a metric that have what is asked for. */
async function sum(metric: string, ...labels: readonly string[]): Promise<number> {
  let total = 0;
  for (const [series, value] of await cluster.host.metrics()) {
    if (!series.startsWith(`${metric}{`)) continue;
    if (labels.every((label) => series.includes(label))) total += value;
  }
  return total;
}

t.test('requests a second', { skip }, async (t) => {
  const budget = { requestsPerSecond: PER_SECOND };
  await cluster.host.deploy('rated', await wat('hello'), { budget });
  const startedMs = performance.now();
  const running = await load(t, '/rated/', 3 * PER_SECOND);
  const firstMs = performance.now();
  await delay(RATE_MS);
  const leastMs = performance.now() - firstMs;
  const { statuses } = await running.stop();
  const mostMs = performance.now() - startedMs;
  t.same(Object.keys(statuses).sort(), ['200', '429']);
  const served = statuses['200'] ?? 0;
  // Those of one second are saved up before the first request.
  const expected = (ms: number): number => PER_SECOND * (1 + ms / 1000);
  t.ok(served <= expected(mostMs) * (1 + SOME), `${served} of ${expected(mostMs)}`);
  t.ok(served >= expected(leastMs) * (1 - SOME), `${served} of ${expected(leastMs)}`);
  t.comment(
    `${served} served, ${expected(leastMs).toFixed()} to ${expected(mostMs).toFixed()} expected`,
  );
});

t.test('invocations at once', { skip }, async (t) => {
  const limits = { concurrency: PLACES, queue: 100 };
  await cluster.host.deploy('placed', misbehave(), { limits });
  const running = await load(t, `/placed/sleep?ms=${SLEEP_MS}`, (1.5 * PLACES * 1000) / SLEEP_MS);
  await running.answers(PLACES);
  const samples: number[] = [];
  while (samples.length < SAMPLES) {
    samples.push(await sum('faas_instances', 'function="placed"', 'state="running"'));
    await delay(SAMPLE_MS);
  }
  const { statuses } = await running.stop();
  t.same(Object.keys(statuses), ['200']);
  const most = Math.max(...samples);
  const mean = samples.reduce((all, one) => all + one, 0) / samples.length;
  // Workers are not counted at the same moment: a place may be seen twice while it moves.
  t.ok(most <= PLACES * (1 + SOME), `${most} at once`);
  t.ok(mean >= PLACES * (1 - SOME), `${mean} on average`);
  t.comment(`${mean.toFixed(2)} at once on average, ${most} at most, of ${PLACES}`);
});

t.test('CPU time a minute', { skip }, async (t) => {
  const limits = { cpuMs: CPU_MS_A_CALL, concurrency: BURNING, queue: 0 };
  const budget = { cpuMsPerMinute: CPU_MS_PER_MINUTE };
  await cluster.host.deploy('burning', misbehave(), { limits, budget });
  const running = await load(t, '/burning/spin', 200, BURNING);
  const isSpent = async (): Promise<boolean> =>
    (await sum('faas_limit_exceeded_total', '"burning"', '"cpu_budget"')) > 0;
  while (!(await isSpent())) {
    const before = await usedMs();
    await cluster.until('more is used', async () => (await usedMs()) > before || isSpent());
  }
  const { statuses } = await running.stop();
  t.same(Object.keys(statuses).sort(), ['429', '504']);
  const used = await usedMs();
  t.ok(used >= CPU_MS_PER_MINUTE * (1 - SOME), `${used} ms`);
  t.ok(used <= CPU_MS_PER_MINUTE * (1 + SOME), `${used} ms`);
  t.comment(`${Math.round(used)} ms of ${CPU_MS_PER_MINUTE} ms`);
});

async function usedMs(): Promise<number> {
  return (await sum('faas_cpu_seconds_total', 'function="burning"')) * 1000;
}
