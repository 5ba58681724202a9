/**
 * What more workers bring: requests a second of one host with 1, 2, … workers, and what its processes cost while
 * nobody calls. Sides alternate, round by round. The loader takes a core of its own: of as many workers as there are
 * cores, the light function shows little, and the heavy one most.
 */
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { alternate } from '../kit/alternate.ts';
import { BenchHost } from '../kit/bench-host.ts';
import { listExamples } from '../kit/examples.ts';
import { formatNumber } from '../kit/output-lines.ts';
import { median } from '../kit/percentiles.ts';
import { readProcessTree, type ProcessUse } from '../kit/process-tree.ts';
import type { Figure, Ratio, Suite, SuiteOptions, SuiteResult } from '../kit/suite.ts';
import type { Table } from '../kit/table.ts';
import { encodeRequest } from '../load/encode-request.ts';
import { openLoader } from '../load/loader.ts';

const QUICK = { rounds: 3, warmUpMs: 200, durationMs: 700, idleMs: 3000 };
const FULL = { rounds: 7, warmUpMs: 500, durationMs: 4000, idleMs: 20_000 };
const CONNECTIONS = 32;
/** A light function, and one whose requests take some hundred microseconds of CPU time. */
const FUNCTIONS = ['hello-rust', 'files-rust'] as const;
const MIB = 2 ** 20;

interface Side {
  readonly workers: number;
  readonly function: string;
  readonly port: number;
  readonly request: Uint8Array;
  readonly rates: number[];
}

interface IdleUse extends ProcessUse {
  /** Share of one core, percent. */
  readonly percent: number;
}

/** The suite `workers`. */
export const workersSuite: Suite = {
  name: 'workers',
  description: 'requests a second with 1, 2, … worker processes, and what they cost idle',
  run: runWorkers,
};

async function runWorkers(
  options: SuiteOptions,
  progress: (line: string) => void,
): Promise<SuiteResult> {
  const startedAt = new Date().toISOString();
  const plan = options.quick ? QUICK : FULL;
  const rounds = options.samples ?? plan.rounds;
  const cores = availableParallelism();
  await using stack = new AsyncDisposableStack();
  const loader = stack.adopt(await openLoader(), (it) => it.close());
  const sides: Side[] = [];
  let idle: readonly IdleUse[] = [];
  for (const workers of workerCounts(cores)) {
    const host = stack.use(await BenchHost.open({ workers }));
    sides.push(...(await deploySides(host, workers)));
    if (workers === 1) continue;
    progress(`  ${workers} workers, idle`);
    idle = await measureIdle(host, plan.idleMs);
  }
  for (const [index, round] of alternate(sides, rounds).entries()) {
    progress(`  round ${index + 1} of ${rounds}`);
    for (const { port, request, rates } of round) {
      const { warmUpMs, durationMs } = plan;
      const order = { port, request, connections: CONNECTIONS, warmUpMs, durationMs };
      rates.push((await loader.ask(order)).requestsPerSecond);
    }
  }
  return {
    suite: 'workers',
    startedAt,
    figures: [...sides.map(rateFigure), ...idle.flatMap(idleFigures)],
    ratios: sides.flatMap((side) => gainOver(sides, side)),
    tables: [describeRates(sides, cores), describeIdle(idle)],
    raw: { cores, connections: CONNECTIONS, ...plan, sides, idle },
  };
}

/** 1, 2, 4 … and the number of cores; two at the least, also on one core. */
function workerCounts(cores: number): readonly number[] {
  const counts = new Set([1, 2]);
  for (let count = 4; count < cores; count *= 2) counts.add(count);
  return [...counts.add(Math.max(2, cores))];
}

async function deploySides(host: BenchHost, workers: number): Promise<Side[]> {
  const sides: Side[] = [];
  for (const example of listExamples(FUNCTIONS)) {
    await host.deploy(example.name, example);
    const request = encodeRequest(`${example.name}.localhost`, example.request);
    sides.push({ workers, function: example.name, port: host.port, request, rates: [] });
  }
  return sides;
}

async function measureIdle(host: BenchHost, ms: number): Promise<readonly IdleUse[]> {
  if (process.platform !== 'linux') return [];
  // What the deployments have left to do is done by then.
  await delay(1000);
  const before = new Map(readProcessTree(host.pid).map((use) => [use.pid, use.cpuMs]));
  const startedMs = performance.now();
  await delay(ms);
  const passedMs = performance.now() - startedMs;
  return readProcessTree(host.pid).map((use) =>
    Object.assign(use, { percent: ((use.cpuMs - (before.get(use.pid) ?? 0)) / passedMs) * 100 }),
  );
}

function rateFigure({ workers, function: name, rates }: Side): Figure {
  return { name: `rps-${name}-workers-${workers}`, value: median(rates), unit: 'requests/s' };
}

function idleFigures({ role, percent, memoryBytes }: IdleUse): Figure[] {
  if (role === 'worker') return [];
  return [
    { name: `idle-cpu-${role}`, value: percent, unit: '%' },
    { name: `idle-memory-${role}`, value: memoryBytes / MIB, unit: 'MiB' },
  ];
}

function gainOver(sides: readonly Side[], side: Side): Ratio[] {
  const one = sides.find((it) => it.workers === 1 && it.function === side.function);
  if (one === undefined || one === side) return [];
  const gains = side.rates.map((rate, round) => rate / (one.rates[round] ?? Number.NaN));
  return [{ name: `workers-${side.workers}/workers-1:${side.function}`, value: median(gains) }];
}

function describeRates(sides: readonly Side[], cores: number): Table {
  return {
    title: `Workers on ${cores} cores, ${CONNECTIONS} connections`,
    head: ['function', 'workers', 'requests/s', 'min – max', 'of one worker'],
    rows: sides.map((side) => [
      side.function,
      String(side.workers),
      formatNumber(median(side.rates)),
      `${formatNumber(Math.min(...side.rates))} – ${formatNumber(Math.max(...side.rates))}`,
      gainOver(sides, side)
        .map(({ value }) => formatNumber(value))
        .join(''),
    ]),
    remarks: ['The loader is one more process and takes up to one core.'],
  };
}

function describeIdle(idle: readonly IdleUse[]): Table {
  return {
    title: 'Processes of a host that nobody calls',
    head: ['process', 'CPU %', 'memory MiB'],
    rows: idle.map(({ role, percent, memoryBytes }) => [
      role,
      formatNumber(percent),
      formatNumber(memoryBytes / MIB),
    ]),
    remarks: ['CPU: of one core. Memory: proportional (PSS), two functions deployed.'],
  };
}
