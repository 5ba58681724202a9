/**
 * What a function costs in each language: hello and a JSON-echo, in one function made from the template of `faas new`
 * and built by the language's toolchain. All of them do the same, so the rows differ by language, SDK and engine alone.
 * JavaScript is measured beside jco's own server as well, which isolates requests with the same component.
 *
 * A language whose tools are not installed is left out, and said to be.
 */
import { deepStrictEqual } from 'node:assert';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { detectBinary } from '../../host/component/detect-binary.ts';
import { adaptPreview1 } from '../../host/deploy/preview1-adapter.ts';
import { BenchHost } from '../kit/bench-host.ts';
import { FirstByteClient } from '../kit/first-byte.ts';
import { compareWithJco, JCO_CONNECTIONS, type JcoComparison } from '../kit/jco-isolation.ts';
import {
  buildLanguage,
  findMissingTools,
  LANGUAGE_NAMES,
  type BuiltLanguage,
} from '../kit/language-builds.ts';
import { withNonce } from '../kit/nonce.ts';
import { formatNumber } from '../kit/output-lines.ts';
import { median, percentile } from '../kit/percentiles.ts';
import type { Figure, Ratio, Suite, SuiteOptions, SuiteResult } from '../kit/suite.ts';
import type { Table } from '../kit/table.ts';
import { encodeRequest } from '../load/encode-request.ts';

/** Templates whose instances can serve again: StarlingMonkey takes one fetch event an instance, commands run once. */
const REUSABLE: ReadonlySet<string> = new Set(['rust', 'go', 'python']);
/** The one whose component jco's server is given. */
const JAVASCRIPT = 'js';

/** Cold samples of each route; each takes a deployment, with an engine of 20 MB some seconds. */
const QUICK = {
  cold: 1,
  warm: 20,
  warmUp: 10,
  jco: { rounds: 3, warmUpMs: 200, durationMs: 800 },
};
const FULL = {
  cold: 5,
  warm: 300,
  warmUp: 50,
  jco: { rounds: 9, warmUpMs: 500, durationMs: 3000 },
};
/** Instances over which their memory is taken. */
const INSTANCES = 8;
/** Memory is that of the process when it has not changed by more than this within this time. */
const STEADY_BYTES = 1024 * 1024;
const STEADY_MS = 1000;
const MIB = 1024 * 1024;

/** Engines of languages are heavy: their first calls take seconds of CPU time on a busy machine. */
const LIMITS = { memoryBytes: 256 * MIB, cpuMs: 20_000 };

/** 1 KB, with what JSON has: nesting, numbers, escapes, other letters than English ones. */
const ORDER = {
  id: 'b0a5c1f2-6a1e-4d0c-9c53-3f1d1f0a7e11',
  customer: { name: 'Zoë "Z" Müller', email: 'zoe@example.com', isMember: true, referrer: null },
  items: Array.from({ length: 10 }, (_, index) => ({
    sku: `article-${1000 + index}`,
    count: index + 1,
    price: 12.5 + index,
    tags: ['new', 'tea', `shelf ${index}`],
  })),
  note: 'Leave it with the neighbours,\nthe bell is broken. Thank you!',
};
const REQUESTS = {
  hello: { method: 'GET', path: '/?name=bench', body: '' },
  json: { method: 'POST', path: '/json', body: JSON.stringify(ORDER) },
} as const;
const ROUTES = ['hello', 'json'] as const;
type Route = (typeof ROUTES)[number];
type Samples = Record<Route, number[]>;

interface Row extends BuiltLanguage {
  /** First byte, ms. */
  readonly cold: Samples;
  readonly warm: Samples;
  /** Empty where an instance serves one request. */
  readonly hot: Samples;
  readonly instanceBytes: number;
}

/** The suite `languages`. */
export const languagesSuite: Suite = {
  name: 'languages',
  description: 'size, cold, warm and hot start, and memory of hello and JSON-echo in each language',
  run: runLanguages,
};

async function runLanguages(
  options: SuiteOptions,
  progress: (line: string) => void,
): Promise<SuiteResult> {
  const startedAt = new Date().toISOString();
  const plan = options.quick ? QUICK : FULL;
  const cold = options.samples ?? plan.cold;
  const rows: Row[] = [];
  const gaps: string[] = [];
  for (const name of options.only ?? LANGUAGE_NAMES) {
    const reason = await findMissingTools(name);
    progress(reason === undefined ? `  ${name}` : `  ${name} is left out: ${reason}`);
    if (reason !== undefined) gaps.push(`\`${name}\` is left out: ${reason}.`);
    else rows.push(await measure(await buildLanguage(name, options.quick), { ...plan, cold }));
  }
  const javascript = rows.find(({ name }) => name === JAVASCRIPT);
  if (javascript !== undefined) progress('  jco serve');
  const beside = javascript && (await compareWithJco(javascript, LIMITS, REQUESTS.hello, plan.jco));
  return {
    suite: 'languages',
    startedAt,
    ratios: typeof beside === 'object' ? [ratioOf(beside)] : [],
    figures: [
      ...rows.flatMap(listFigures),
      ...(typeof beside === 'object' ? listRates(beside) : []),
    ],
    tables: [
      describe(rows, { ...plan, cold }, gaps),
      ...(beside === undefined ? [] : [describeJco(beside)]),
    ],
    raw: {
      unit: 'ms',
      rows: rows.map(({ name, cold, warm, hot }) => ({ name, cold, warm, hot })),
      ...(beside === undefined ? {} : { jco: beside }),
    },
  };
}

async function measure(language: BuiltLanguage, plan: typeof QUICK): Promise<Row> {
  const isReusable = REUSABLE.has(language.name);
  return {
    ...language,
    cold: await measureCold(language, plan.cold),
    warm: await measureServed(language, plan, 'request'),
    hot: isReusable ? await measureServed(language, plan, 'reuse') : noSamples(),
    instanceBytes: await measureMemory(language),
  };
}

/** Each sample is a deployment whose core modules V8 has not seen in that process. */
async function measureCold({ bytes }: BuiltLanguage, count: number): Promise<Samples> {
  await using host = await BenchHost.open({ nodeFlags: ['--no-compilation-cache'] });
  const component = detectBinary(bytes) === 'component' ? bytes : await adaptPreview1(bytes);
  // The first compiles the host's own code.
  const deployments = [
    { name: 'cold-first', route: 'json' as const, isSample: false },
    ...Array.from({ length: count }, (_, index) =>
      ROUTES.map((route) => ({ name: `cold-${route}-${index}`, route, isSample: true })),
    ).flat(),
  ];
  for (const { name } of deployments) {
    await host.deployBytes(name, withNonce(component), { limits: LIMITS });
  }
  using client = new FirstByteClient(host.port);
  const samples = noSamples();
  for (const { name, route, isSample } of deployments) {
    await host.takeStarts();
    const { firstByteMs } = await client.measure(
      encodeRequest(`${name}.localhost`, REQUESTS[route]),
    );
    const [start] = await host.takeStarts();
    if (start?.kind !== 'cold') throw new Error(`it was a ${start?.kind ?? 'missing'} start`);
    if (isSample) samples[route].push(firstByteMs);
  }
  return samples;
}

async function measureServed(
  { name, bytes }: BuiltLanguage,
  { warm, warmUp }: typeof QUICK,
  isolation: 'request' | 'reuse',
): Promise<Samples> {
  await using host = await BenchHost.open();
  await host.deployBytes(name, bytes, { isolation, limits: LIMITS });
  await checkAnswers(`http://127.0.0.1:${host.port}/${name}`);
  using client = new FirstByteClient(host.port);
  const samples = noSamples();
  for (let index = 0; index < warmUp + warm; index += 1) {
    for (const route of ROUTES) {
      const request = encodeRequest(`${name}.localhost`, REQUESTS[route]);
      const { firstByteMs } = await client.measure(request);
      if (index >= warmUp) samples[route].push(firstByteMs);
    }
  }
  return samples;
}

/** What answers something else does other work. */
async function checkAnswers(url: string): Promise<void> {
  const { method, path, body } = REQUESTS.json;
  const json = await fetch(`${url}${path}`, { method, body });
  deepStrictEqual(await json.json(), ORDER);
  const hello = await fetch(`${url}${REQUESTS.hello.path}`);
  deepStrictEqual(await hello.text(), 'Hello from bench\n');
}

/** Memory of instances that are ready to serve, over that of a host with one of them. */
async function measureMemory({ name, bytes }: BuiltLanguage): Promise<number> {
  await using host = await BenchHost.open();
  const request = encodeRequest(`${name}.localhost`, REQUESTS.hello);
  const memoryWith = async (min: number): Promise<number> => {
    await host.deployBytes(name, bytes, { limits: LIMITS, instances: { min } });
    // A connection that says nothing while something is deployed is closed by the host.
    using client = new FirstByteClient(host.port);
    await client.measure(request);
    return steadyMemory(host.pid);
  };
  const one = await memoryWith(1);
  return ((await memoryWith(1 + INSTANCES)) - one) / INSTANCES;
}

async function steadyMemory(pid: number): Promise<number> {
  for (let last = Number.NaN; ;) {
    const now = await readMemory(pid);
    if (Math.abs(now - last) < STEADY_BYTES) return now;
    last = now;
    await delay(STEADY_MS);
  }
}

async function readMemory(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1]) * 1024;
}

function ratioOf({ ours, jco }: JcoComparison): Ratio {
  const ratios = ours.map((rate, round) => rate / (jco[round] ?? Number.NaN));
  return { name: 'js-isolated/jco-serve-instance', value: median(ratios) };
}

function listRates({ ours, jco }: JcoComparison): Figure[] {
  return [
    { name: 'rps:js-isolated', value: median(ours), unit: 'requests/s' },
    { name: 'rps:jco-serve-instance', value: median(jco), unit: 'requests/s' },
  ];
}

function listFigures({ name, bytes, cold, warm, hot, instanceBytes }: Row): Figure[] {
  const ms = (figure: string, samples: Samples, share: number): Figure[] =>
    ROUTES.filter((route) => samples[route].length > 0).map((route) => ({
      name: `${figure}:${name}-${route}`,
      value: percentile(samples[route], share),
      unit: 'ms',
    }));
  return [
    { name: `size:${name}`, value: bytes.length, unit: 'bytes' },
    ...ms('cold-p50', cold, 0.5),
    ...ms('warm-p50', warm, 0.5),
    ...ms('warm-p99', warm, 0.99),
    ...ms('hot-p50', hot, 0.5),
    { name: `instance:${name}`, value: instanceBytes, unit: 'bytes' },
  ];
}

function describe(
  rows: readonly Row[],
  { cold, warm }: typeof QUICK,
  gaps: readonly string[],
): Table {
  return {
    title: 'Hello and JSON-echo in each language, one request at a time',
    head: [
      'language',
      'size',
      'hello cold',
      'warm',
      'warm p99',
      'hot',
      'JSON cold',
      'warm',
      'warm p99',
      'hot',
      'an instance',
    ],
    rows: rows.map(listCells),
    remarks: [
      `Medians in ms to the first byte over a keep-alive connection; ${cold} cold samples, ${warm} warm and hot ones of each. JSON: ${REQUESTS.json.body.length} characters, read and written again by the guest. An instance: what ${INSTANCES} kept ready add to the host's memory (PSS), divided.`,
      ...gaps,
    ],
  };
}

function listCells({ name, bytes, cold, warm, hot, instanceBytes }: Row): string[] {
  const at = (samples: readonly number[], share: number): string =>
    samples.length === 0 ? '' : formatNumber(percentile(samples, share));
  const size =
    bytes.length < MIB
      ? `${Math.round(bytes.length / 1024)} KiB`
      : `${(bytes.length / MIB).toFixed(1)} MiB`;
  return [
    `\`${name}\``,
    size,
    ...ROUTES.flatMap((route) => [
      at(cold[route], 0.5),
      at(warm[route], 0.5),
      at(warm[route], 0.99),
      at(hot[route], 0.5),
    ]),
    // Less than the noise of the measurement is no figure.
    instanceBytes < 0.05 * MIB ? '< 0.1 MiB' : `${(instanceBytes / MIB).toFixed(1)} MiB`,
  ];
}

function describeJco(beside: JcoComparison | string): Table {
  const title = `JavaScript, every request isolated, ${JCO_CONNECTIONS} connections`;
  const head = ['side', 'requests/s', 'min – max', 'ratio'];
  if (typeof beside === 'string') return { title, head, rows: [], remarks: [`${beside}.`] };
  const { ours, jco, version } = beside;
  const cells = (name: string, rates: readonly number[], ratio: string): string[] => [
    name,
    formatNumber(median(rates)),
    `${formatNumber(Math.min(...rates))} – ${formatNumber(Math.max(...rates))}`,
    ratio,
  ];
  return {
    title,
    head,
    rows: [
      cells('wasi-faas', ours, formatNumber(ratioOf(beside).value)),
      cells(`${version} serve --isolate-requests=instance`, jco, '1'),
    ],
    remarks: [
      `The component of \`${JAVASCRIPT}\`, \`GET /\`; ${ours.length} rounds, sides alternated; the ratio is the median of the rounds' ratios.`,
    ],
  };
}

function noSamples(): Samples {
  return { hello: [], json: [] };
}
