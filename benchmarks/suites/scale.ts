/**
 * What grows as things grow: finding a function, start-up, memory and a scrape with the number of deployed functions;
 * latency with the size of a body; requests a second with the number of connections.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LatencyHistogram } from '../../cli/bench/latency-histogram.ts';
import { alternate } from '../kit/alternate.ts';
import { BenchHost } from '../kit/bench-host.ts';
import type { Chart } from '../kit/chart.ts';
import { listExamples, type Example } from '../kit/examples.ts';
import { FirstByteClient } from '../kit/first-byte.ts';
import { measureLookups, type LookupCost } from '../kit/lookup-cost.ts';
import { deployFirst, fillRegistry, nameOf } from '../kit/many-functions.ts';
import { formatNumber } from '../kit/output-lines.ts';
import { median } from '../kit/percentiles.ts';
import { measureScrapes, type ScrapeCost } from '../kit/scrape-cost.ts';
import type { Figure, Ratio, Suite, SuiteOptions, SuiteResult } from '../kit/suite.ts';
import type { Table } from '../kit/table.ts';
import { openTemporaryDirectory } from '../kit/temporary-directory.ts';
import { encodeRequest } from '../load/encode-request.ts';
import { openLoader, type Loader } from '../load/loader.ts';

interface Plan {
  /** Deployed functions, fewest first, and never 1 alone: the last is compared with the first. */
  readonly functions: readonly number[];
  /** Functions that are called before a scrape. */
  readonly used: number;
  readonly starts: number;
  readonly rounds: number;
  readonly scrapes: number;
  readonly loadMs: number;
}

const QUICK: Plan = {
  functions: [1, 1000],
  used: 300,
  starts: 1,
  rounds: 5,
  scrapes: 5,
  loadMs: 400,
};
const FULL: Plan = {
  functions: [1, 100, 1000, 10_000],
  used: 1000,
  starts: 5,
  rounds: 15,
  scrapes: 20,
  loadMs: 3000,
};
const BODY_KIB = [1, 8, 64, 512];
const CONNECTIONS = [1, 4, 16, 64, 256];
/** Time for what a start leaves to do, ms. */
const SETTLE_MS = 1000;
const KIB = 1024;

/** A host with so many functions. */
interface Size {
  readonly functions: number;
  /** From starting the process to serving, ms. */
  readonly startMs: readonly number[];
  /** Resident memory then, bytes. */
  readonly residentBytes: readonly number[];
}

/** How something grows. */
interface Growth {
  readonly at: number;
  readonly requestsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
}

/** The suite `scale`. */
export const scaleSuite: Suite = {
  name: 'scale',
  description: 'cost of 1 to 10,000 deployed functions; of larger bodies and more connections',
  run: runScale,
};

async function runScale(
  options: SuiteOptions,
  progress: (line: string) => void,
): Promise<SuiteResult> {
  const startedAt = new Date().toISOString();
  const base = options.quick ? QUICK : FULL;
  const plan = { ...base, rounds: options.samples ?? base.rounds };
  const [hello, echo] = listExamples(['hello-rust', 'echo-rust']);
  if (hello === undefined || echo === undefined)
    throw new Error('Cannot measure scale: no examples');
  await using stack = new AsyncDisposableStack();
  const directory = stack.adopt(await openTemporaryDirectory(), (it) => it.close());
  const dataDir = join(directory.path, 'data');
  await deployFirst(dataDir, hello);
  const sizes: Size[] = [];
  let lookups: readonly LookupCost[] = [];
  for (const functions of plan.functions) {
    progress(`  ${functions} functions`);
    const snapshot = await fillRegistry(dataDir, functions);
    sizes.push(await measureStarts(dataDir, functions, plan.starts));
    if (functions > 1) lookups = measureLookups(snapshot, plan.rounds);
  }
  progress('  scrapes');
  const scrapes = await measureUsed(dataDir, hello, plan);
  const loader = stack.adopt(await openLoader(), (it) => it.close());
  const bodies = await measureBodies(echo, loader, plan, progress);
  const connections = await measureConnections(hello, loader, plan, progress);
  const found = { sizes, lookups, scrapes, bodies, connections };
  return {
    suite: 'scale',
    startedAt,
    ratios: lookupRatios(lookups),
    figures: [
      ...sizeFigures(sizes),
      ...scrapeFigures(scrapes),
      ...growthFigures(bodies, connections),
    ],
    tables: describe(found, plan),
    charts: drawGrowth(found),
    raw: { plan, ...found },
  };
}

type Found = {
  readonly sizes: readonly Size[];
  readonly lookups: readonly LookupCost[];
  readonly scrapes: ScrapeCost;
  readonly bodies: readonly Growth[];
  readonly connections: readonly Growth[];
};

async function measureStarts(dataDir: string, functions: number, starts: number): Promise<Size> {
  const startMs: number[] = [];
  const residentBytes: number[] = [];
  for (let left = starts; left > 0; left -= 1) {
    const startedMs = performance.now();
    await using host = await BenchHost.open({ dataDir });
    startMs.push(performance.now() - startedMs);
    await delay(SETTLE_MS);
    residentBytes.push(await host.residentBytes());
  }
  return { functions, startMs, residentBytes };
}

/** Many functions have been called, more than have figures of their own. */
async function measureUsed(dataDir: string, example: Example, plan: Plan): Promise<ScrapeCost> {
  await using host = await BenchHost.open({ dataDir });
  const requestOf = (name: string): Uint8Array =>
    encodeRequest(`${name}.localhost`, example.request);
  const used = Math.min(plan.used, plan.functions.at(-1) ?? 1);
  {
    using client = new FirstByteClient(host.port);
    for (let index = 0; index < used; index += 1) await client.measure(requestOf(nameOf(index)));
  }
  return await measureScrapes(host, requestOf(nameOf(0)), plan.scrapes);
}

async function measureBodies(
  echo: Example,
  loader: Loader,
  plan: Plan,
  progress: (line: string) => void,
): Promise<readonly Growth[]> {
  await using host = await BenchHost.open();
  await host.deploy('echo', echo);
  const sides = BODY_KIB.map((at) => {
    const request = { ...echo.request, body: 'x'.repeat(at * KIB) };
    return { at, connections: 1, request: encodeRequest('echo.localhost', request) };
  });
  return await measureGrowth('bodies', host, sides, loader, plan, progress);
}

async function measureConnections(
  hello: Example,
  loader: Loader,
  plan: Plan,
  progress: (line: string) => void,
): Promise<readonly Growth[]> {
  await using host = await BenchHost.open();
  await host.deploy('hello', hello, { limits: { concurrency: 64, queue: 1000 } });
  const request = encodeRequest('hello.localhost', hello.request);
  const sides = CONNECTIONS.map((at) => ({ at, connections: at, request }));
  return await measureGrowth('connections', host, sides, loader, plan, progress);
}

async function measureGrowth(
  what: string,
  { port }: BenchHost,
  sides: readonly { at: number; connections: number; request: Uint8Array }[],
  loader: Loader,
  { loadMs, rounds }: Plan,
  progress: (line: string) => void,
): Promise<readonly Growth[]> {
  const found = sides.map(({ at }) => ({ at, rates: [] as number[], all: new LatencyHistogram() }));
  const turns = Math.max(2, Math.round(rounds / 3));
  for (const [index, round] of alternate([...sides.entries()], turns).entries()) {
    progress(`  ${what}, round ${index + 1} of ${turns}`);
    for (const [side, { connections, request }] of round) {
      const order = { port, request, connections, warmUpMs: loadMs / 4, durationMs: loadMs };
      const { requestsPerSecond, latencies } = await loader.ask(order);
      found[side]?.rates.push(requestsPerSecond);
      found[side]?.all.merge(latencies);
    }
  }
  return found.map(({ at, rates, all }) => ({
    at,
    requestsPerSecond: median(rates),
    p50: all.percentile(0.5),
    p99: all.percentile(0.99),
  }));
}

function lookupRatios(lookups: readonly LookupCost[]): readonly Ratio[] {
  const many = Math.max(...lookups.map(({ functions }) => functions));
  const one = (way: string): number =>
    lookups.find((it) => it.way === way && it.functions === 1)?.ns ?? Number.NaN;
  return lookups
    .filter(({ functions }) => functions === many)
    .map(({ way, ns }) => ({
      name: way === 'host' ? `lookup-${many}/lookup-1` : `lookup-${way}-${many}/lookup-${way}-1`,
      value: ns / one(way),
      better: 'lower',
    }));
}

function sizeFigures(sizes: readonly Size[]): readonly Figure[] {
  return [
    ...sizes.map(({ functions, startMs }): Figure => ({
      name: `host-start-${functions}`,
      value: median(startMs),
      unit: 'ms',
    })),
    { name: 'memory-per-function', value: memoryPerFunction(sizes), unit: 'KiB' },
  ];
}

/** Of a function that is deployed and was never called. */
function memoryPerFunction(sizes: readonly Size[]): number {
  const [least, most] = [sizes[0], sizes.at(-1)];
  if (least === undefined || most === undefined) throw new Error('Cannot compare memory');
  const added = median(most.residentBytes) - median(least.residentBytes);
  return added / (most.functions - least.functions) / KIB;
}

function scrapeFigures({ scrapeMs, bytes, meanwhile, without }: ScrapeCost): readonly Figure[] {
  return [
    { name: 'scrape-p50', value: median(scrapeMs), unit: 'ms' },
    { name: 'scrape-max', value: Math.max(...scrapeMs), unit: 'ms' },
    { name: 'scrape-size', value: bytes / KIB, unit: 'KiB' },
    { name: 'request-p99-during-scrapes', value: meanwhile.p99, unit: 'ms' },
    { name: 'request-max-during-scrapes', value: meanwhile.most, unit: 'ms' },
    { name: 'request-p99-without', value: without.p99, unit: 'ms' },
    { name: 'request-max-without', value: without.most, unit: 'ms' },
  ];
}

function growthFigures(
  bodies: readonly Growth[],
  connections: readonly Growth[],
): readonly Figure[] {
  return [
    ...bodies.flatMap(({ at, p50, p99 }): Figure[] => [
      { name: `body-${at}-kib-p50`, value: p50, unit: 'ms' },
      { name: `body-${at}-kib-p99`, value: p99, unit: 'ms' },
    ]),
    ...connections.map(({ at, requestsPerSecond }): Figure => ({
      name: `rps-connections-${at}`,
      value: requestsPerSecond,
      unit: 'requests/s',
    })),
  ];
}

function describe({ sizes, lookups, bodies, connections }: Found, plan: Plan): readonly Table[] {
  const growth = (title: string, head: string, rows: readonly Growth[]): Table => ({
    title,
    head: [head, 'requests/s', 'p50 ms', 'p99 ms'],
    rows: rows.map(({ at, ...rest }) =>
      [at, rest.requestsPerSecond, rest.p50, rest.p99].map(formatNumber),
    ),
    remarks: [],
  });
  return [
    {
      title: 'Deployed functions',
      head: ['functions', 'start ms', 'resident MiB'],
      rows: sizes.map(({ functions, startMs, residentBytes }) =>
        [functions, median(startMs), median(residentBytes) / 2 ** 20].map(formatNumber),
      ),
      remarks: [
        `From starting the process to serving, of ${plan.starts} starts. None of the functions was called: ${formatNumber(memoryPerFunction(sizes))} KiB for each.`,
      ],
    },
    {
      title: 'Finding the function of a request',
      head: ['by', 'functions', 'ns'],
      rows: lookups.map(({ way, functions, ns }) => [way, String(functions), formatNumber(ns)]),
      remarks: [
        '`host`, `path`, `route`: one name again and again. `any`: all names in no order, which the caches of the CPU do not hold.',
      ],
    },
    growth('Size of the body, one connection, echo-rust', 'KiB', bodies),
    growth('Connections, hello-rust', 'connections', connections),
  ];
}

function drawGrowth({ sizes, bodies, connections }: Found): readonly Chart[] {
  const lines = (
    name: string,
    title: string,
    unit: string,
    along: string,
    points: readonly (readonly [number, number])[],
  ): Chart => {
    const series = [{ name: title, points }];
    return {
      name: `scale-${name}`,
      title,
      kind: 'lines',
      unit,
      along,
      isLogarithmic: true,
      series,
    };
  };
  return [
    lines(
      'start-by-functions',
      'Start of a host',
      'ms',
      'deployed functions',
      sizes.map(({ functions, startMs }) => [functions, median(startMs)]),
    ),
    lines(
      'latency-by-body',
      'Median latency of echo-rust',
      'ms',
      'KiB',
      bodies.map(({ at, p50 }) => [at, p50]),
    ),
    lines(
      'requests-by-connections',
      'Requests a second of hello-rust',
      'requests/s',
      'connections',
      connections.map(({ at, requestsPerSecond }) => [at, requestsPerSecond]),
    ),
  ];
}
