/**
 * The claim of days without trouble, in small: minutes of mixed functions, deployments, evictions, guests that fail and
 * clients that leave on one host. What counts is that nothing goes wrong that was not meant to, and that memory stays.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { BenchHost } from '../kit/bench-host.ts';
import { listExamples, type Example } from '../kit/examples.ts';
import { readHostMemory } from '../kit/idle-instances.ts';
import { slopeOf } from '../kit/line-fit.ts';
import { formatNumber } from '../kit/output-lines.ts';
import {
  createCaller,
  createDeployments,
  createEvictions,
  createFailures,
  createLeavers,
  type SteadyCall,
  type TrafficCount,
} from '../kit/soak-traffic.ts';
import type { Suite, SuiteOptions, SuiteResult } from '../kit/suite.ts';
import type { Table } from '../kit/table.ts';
import { openLoader } from '../load/loader.ts';

const QUICK_MS = 60_000;
const FULL_MS = 600_000;
const SAMPLE_MS = 2000;
/** Part of the time that does not count for the slope: caches and V8's heap fill. */
const SETTLING = 1 / 3;
const WORKERS = 2;
const MINUTE_S = 60;
/** Where others use the machine, requests wait; that is no error of the host. */
const LIMITS = { concurrency: 64, queue: 1000 };

interface MemorySample {
  readonly seconds: number;
  readonly pssBytes: number;
}

/** The suite `soak`. */
export const soakSuite: Suite = {
  name: 'soak',
  description: 'minutes of mixed traffic, deployments and failures: errors, growth of memory',
  run: runSoak,
};

async function runSoak(
  { quick, samples }: SuiteOptions,
  progress: (line: string) => void,
): Promise<SuiteResult> {
  const startedAt = new Date().toISOString();
  // A sample is a second.
  const durationMs = samples === undefined ? (quick ? QUICK_MS : FULL_MS) : samples * 1000;
  await using host = await BenchHost.open({ workers: WORKERS });
  await using stack = new AsyncDisposableStack();
  const calls = listCalls();
  const parts = [await createFailures(host), createLeavers(host, 'echo')];
  for (const call of calls) {
    await host.deploy(call.name, call.example, { isolation: call.isolation, limits: LIMITS });
    const loader = stack.adopt(await openLoader(), (it) => it.close());
    parts.push(createCaller(host, call, loader));
    if (call.name === 'hello') parts.push(createDeployments(host, call, LIMITS));
    if (call.name === 'echo') parts.push(createEvictions(host, call.name));
  }
  const end = new AbortController();
  const over = delay(durationMs).finally(() => end.abort());
  const running = Promise.all(parts.map((part) => part.run(end.signal)));
  running.catch(() => end.abort());
  const memory = await watchMemory(host, end.signal, durationMs, progress);
  await Promise.all([running, over]);
  const counts = parts.map(({ count }) => count);
  const slope = slopePerMinute(memory);
  const errors = counts.reduce((sum, count) => sum + errorsOf(count), 0);
  return {
    suite: 'soak',
    startedAt,
    ratios: [],
    figures: [
      { name: 'soak-minutes', value: durationMs / 60_000, unit: 'min' },
      { name: 'soak-errors', value: errors, unit: 'errors' },
      ...(slope === undefined
        ? []
        : [{ name: 'soak-rss-slope-kb-per-min', value: slope, unit: 'KB/min' }]),
      ...callersOf(counts).map(({ name, latencies }) => ({
        name: `soak-p99:${name.replace('calls of ', '')}`,
        value: latencies.percentile(0.99),
        unit: 'ms',
      })),
    ],
    tables: [describe(counts, memory, slope)],
    charts: [
      {
        name: 'soak-memory',
        title: 'Memory of the host during the soak',
        kind: 'lines',
        unit: 'MiB',
        along: 'seconds',
        series: [{ name: 'PSS', points: memory.map((it) => [it.seconds, it.pssBytes / 2 ** 20]) }],
      },
    ],
    raw: {
      durationMs,
      workers: WORKERS,
      memory,
      counts: counts.map(({ name, done, errors: kinds, latencies }) => ({
        name,
        done,
        errors: Object.fromEntries(kinds),
        latencies: latencies.toJSON(),
      })),
    },
  };
}

function listCalls(): readonly SteadyCall[] {
  const [hello, echo, files] = listExamples(['hello-rust', 'echo-rust', 'files-rust']);
  if (hello === undefined || echo === undefined || files === undefined) {
    throw new Error('Cannot soak: examples are missing');
  }
  const call = (
    name: string,
    example: Example,
    requestsPerSecond: number,
    isolation: SteadyCall['isolation'] = 'request',
  ): SteadyCall => ({ name, example, requestsPerSecond, isolation });
  return [
    call('hello', hello, 100),
    call('hello-reuse', hello, 100, 'reuse'),
    call('echo', echo, 50),
    call('files', files, 20),
  ];
}

/** Reads the memory of the host until the end; nothing where the system does not tell. */
async function watchMemory(
  host: BenchHost,
  end: AbortSignal,
  durationMs: number,
  progress: (line: string) => void,
): Promise<readonly MemorySample[]> {
  const found: MemorySample[] = [];
  const startedMs = performance.now();
  while (!end.aborted) {
    const seconds = (performance.now() - startedMs) / 1000;
    const memory = readHostMemory(host);
    if (memory !== null) found.push({ seconds, pssBytes: memory.pssBytes });
    progress(`  ${Math.round(seconds)} of ${durationMs / 1000} s`);
    await delay(SAMPLE_MS, undefined, { signal: end }).catch(() => {});
  }
  return found;
}

/** KB a minute, of the line that fits best. */
function slopePerMinute(memory: readonly MemorySample[]): number | undefined {
  const counted = memory.slice(Math.floor(memory.length * SETTLING));
  const slope = slopeOf(counted.map(({ seconds, pssBytes }) => [seconds, pssBytes]));
  return slope === undefined ? undefined : (slope * MINUTE_S) / 1024;
}

function callersOf(counts: readonly TrafficCount[]): readonly TrafficCount[] {
  return counts.filter(({ latencies }) => latencies.total > 0);
}

function errorsOf({ errors }: TrafficCount): number {
  return [...errors.values()].reduce((sum, times) => sum + times, 0);
}

function describe(
  counts: readonly TrafficCount[],
  memory: readonly MemorySample[],
  slope: number | undefined,
): Table {
  const [first, last] = [memory[0], memory.at(-1)];
  const mib = (sample: MemorySample | undefined): string =>
    sample === undefined ? 'not known' : `${formatNumber(sample.pssBytes / 2 ** 20)} MiB`;
  const growth =
    slope === undefined
      ? 'This system does not tell what memory the host holds.'
      : `Memory (PSS) of all ${WORKERS + 2} processes: ${mib(first)} at first, ${mib(last)} at last; from a third of the time on ${formatNumber(slope)} KB a minute.`;
  return {
    title: 'Soak',
    head: ['what', 'times', 'unexpected', 'p50 ms', 'p99 ms', 'p99.9 ms', 'max ms'],
    rows: counts.map((count) => {
      const { latencies, errors, mostMs } = count;
      const kinds = [...errors.keys()].slice(0, 3).join(', ');
      const shares =
        latencies.total === 0
          ? ['', '', '', '']
          : [
              ...[0.5, 0.99, 0.999].map((share) => Math.min(latencies.percentile(share), mostMs)),
              mostMs,
            ].map(formatNumber);
      const unexpected = `${errorsOf(count)}${kinds === '' ? '' : ` (${kinds})`}`;
      return [count.name, String(count.done), unexpected, ...shares];
    }),
    remarks: [
      `${growth} Guests that fail trap, exit, answer nothing, compute or take memory beyond their limit, and must be answered with their code.`,
    ],
  };
}
