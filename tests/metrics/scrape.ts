/** Reports to count, and scrapes to read: for the tests of metrics. */
import type { Clock } from '../../host/base/clock.ts';
import type { InvocationReport } from '../../host/metrics/observer.ts';

/** Time that the test moves, and timers that go off when it does. */
export class TestClock implements Clock {
  nowMs = 0;
  #timers: { atMs: number; task: () => void }[] = [];

  wallMs(): number {
    return this.nowMs;
  }
  monotonicMs(): number {
    return this.nowMs;
  }
  monotonicNs(): bigint {
    return BigInt(Math.round(this.nowMs * 1e6));
  }
  after(delayMs: number, task: () => void): () => void {
    const timer = { atMs: this.nowMs + delayMs, task };
    this.#timers.push(timer);
    return () => (this.#timers = this.#timers.filter((other) => other !== timer));
  }
  advance(ms: number): void {
    this.nowMs += ms;
    const due = this.#timers.filter(({ atMs }) => atMs <= this.nowMs);
    this.#timers = this.#timers.filter(({ atMs }) => atMs > this.nowMs);
    for (const { task } of due) task();
  }
}

export const HOST_USE = { usedBytes: 3, limitBytes: 100, usedMappings: 5, limitMappings: 200 };

export function report(name: string, rest: Partial<InvocationReport> = {}): InvocationReport {
  return { function: name, version: 1, trigger: 'http', outcome: 'ok', seconds: 0.001, ...rest };
}

/** Samples by name with labels. Throws if one stands twice. */
export async function scrape(source: { render(): Promise<string> }): Promise<Map<string, number>> {
  const samples = new Map<string, number>();
  for (const line of (await source.render()).split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const space = line.lastIndexOf(' ');
    const key = line.slice(0, space);
    if (samples.has(key)) throw new Error(`two samples for ${key}`);
    samples.set(key, Number(line.slice(space + 1)));
  }
  return samples;
}

/** Whether a sample is one that never goes back. */
export function isCounter(key: string): boolean {
  return /^faas_\w+_(total|count|sum|bucket)\b/.test(key);
}

export const okCount = (name: string, version = '1'): string =>
  `faas_invocations_total{function="${name}",version="${version}",trigger="http",outcome="ok"}`;

/**
 * The longest time that a task holds the event loop, ms of processor time: others use this machine too.
 */
export async function longestTurnMs(task: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = threadMs();
  let isRunning = true;
  const tick = (): void => {
    const now = threadMs();
    longest = Math.max(longest, now - last);
    last = now;
    if (isRunning) setImmediate(tick);
  };
  setImmediate(tick);
  await task();
  tick();
  isRunning = false;
  return longest;
}

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
