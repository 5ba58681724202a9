/**
 * What a function costs in each language: the templates of `faas new`, built by their toolchains. All of them are the
 * same function, so the rows differ by language, SDK and engine alone.
 *
 * The templates are made and built below `components/.cache/languages/`, and stay there. A language whose tools are not
 * installed is left out, and said to be.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { checkTool } from '../../cli/build/toolchain.ts';
import { findTemplate, type Template } from '../../cli/project/templates.ts';
import { detectBinary } from '../../host/component/detect-binary.ts';
import { adaptPreview1 } from '../../host/deploy/preview1-adapter.ts';
import { BenchHost } from '../kit/bench-host.ts';
import { FirstByteClient } from '../kit/first-byte.ts';
import { withNonce } from '../kit/nonce.ts';
import { formatNumber } from '../kit/output-lines.ts';
import { percentile } from '../kit/percentiles.ts';
import type { Figure, Suite, SuiteOptions, SuiteResult } from '../kit/suite.ts';
import { encodeRequest } from '../load/encode-request.ts';

const NAMES = ['rust', 'c', 'go', 'cgi', 'js', 'ts', 'hono', 'python'];
/**
 * Templates whose instances can serve again: StarlingMonkey takes one fetch event an instance, commands run once.
 */
const REUSABLE: ReadonlySet<string> = new Set(['rust', 'go', 'python']);
/** Name of the function in every project. */
const PROJECT = 'hello';
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FAAS = join(ROOT, 'cli', 'faas.js');
const FOLDER = join(ROOT, 'components', '.cache', 'languages');

const SAMPLES = { quick: 4, full: 15 };
/** Warm and hot samples for each cold one. */
const WARM_PER_COLD = 20;
/** Requests before the first warm or hot sample: the engine's and the guest's code is compiled by then. */
const WARM_UP_REQUESTS = 30;
/** Instances over which their memory is taken. */
const INSTANCES = 8;
/** Memory is that of the process when it has not changed by more than this within this time. */
const STEADY_BYTES = 1024 * 1024;
const STEADY_MS = 1000;
const MIB = 1024 * 1024;

/** Engines of languages are heavy: their first calls take seconds of CPU time on a busy machine. */
const LIMITS = { memoryBytes: 256 * MIB, cpuMs: 20_000 };
const REQUEST = { method: 'GET', path: '/?name=bench', body: '' } as const;

interface Language {
  readonly name: string;
  readonly bytes: Uint8Array;
}

interface Row extends Language {
  readonly cold: readonly number[];
  readonly warm: readonly number[];
  /** Empty where an instance serves one request. */
  readonly hot: readonly number[];
  readonly instanceBytes: number;
}

/** The suite `languages`. */
export const languagesSuite: Suite = {
  name: 'languages',
  description: 'size, cold, warm and hot start, and memory of hello in each language',
  run: runLanguages,
};

async function runLanguages(
  options: SuiteOptions,
  progress: (line: string) => void,
): Promise<SuiteResult> {
  const startedAt = new Date().toISOString();
  const count = options.samples ?? SAMPLES[options.quick ? 'quick' : 'full'];
  const rows: Row[] = [];
  const absent: string[] = [];
  for (const name of options.only ?? NAMES) {
    const reason = missingTools(await findTemplate(name));
    if (reason === undefined) {
      progress(`  ${name}`);
      rows.push(await measure(await build(name), count));
    } else {
      absent.push(`${name} is left out: ${reason}.`);
      progress(`  ${name} is left out: ${reason}`);
    }
  }
  return {
    suite: 'languages',
    startedAt,
    ratios: [],
    figures: rows.flatMap(listFigures),
    tables: [
      {
        title: 'Hello in each language, one request at a time',
        head: ['template', 'size', 'cold p50', 'warm p50', 'warm p99', 'hot p50', 'an instance'],
        rows: rows.map(listCells),
        remarks: [
          `Times in ms to the first byte over a keep-alive connection; ${count} cold samples, ${count * WARM_PER_COLD} warm ones. An instance: what ${INSTANCES} kept ready add to the host's memory (PSS), divided.`,
          ...absent,
        ],
      },
    ],
    raw: { unit: 'ms', rows: rows.map(({ name, cold, warm, hot }) => ({ name, cold, warm, hot })) },
  };
}

function missingTools({ needs }: Template): string | undefined {
  const world = { environment: process.env, folder: ROOT };
  const missing = needs.filter((need) => !checkTool(need, world).present);
  return missing.length === 0 ? undefined : `${missing.join(', ')} not installed`;
}

/** Makes a project of a template anew, and builds it. */
async function build(name: string): Promise<Language> {
  const folder = join(FOLDER, name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
  run(process.execPath, [FAAS, 'new', PROJECT, '-t', name, '--dir', folder], FOLDER);
  if (existsSync(join(folder, 'package.json'))) {
    // Hono is no dependency of this project; jco is.
    if (name === 'hono') run('npm', ['install', '--no-audit', '--no-fund'], folder);
    else await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  }
  run(process.execPath, [FAAS, 'build'], folder);
  const bytes = await readFile(join(folder, artifactOf(name)));
  return { name, bytes };
}

function artifactOf(name: string): string {
  return name === 'rust' ? `target/wasm32-wasip2/release/${PROJECT}.wasm` : `build/${PROJECT}.wasm`;
}

function run(program: string, args: readonly string[], cwd: string): void {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (status !== 0)
    throw new Error(`Cannot run "${program} ${args.join(' ')}": ${stdout}${stderr}`);
}

async function measure(language: Language, count: number): Promise<Row> {
  const cold = await measureCold(language, count);
  const warm = await measureServed(language, count * WARM_PER_COLD, 'request');
  const hot = REUSABLE.has(language.name)
    ? await measureServed(language, count * WARM_PER_COLD, 'reuse')
    : [];
  return { ...language, cold, warm, hot, instanceBytes: await measureMemory(language) };
}

/** Each sample is a deployment whose core modules V8 has not seen in that process. */
async function measureCold({ bytes }: Language, count: number): Promise<number[]> {
  await using host = await BenchHost.open({ nodeFlags: ['--no-compilation-cache'] });
  const component = detectBinary(bytes) === 'component' ? bytes : await adaptPreview1(bytes);
  // The first compiles the host's own code.
  for (let index = 0; index <= count; index += 1) {
    await host.deployBytes(`cold-${index}`, withNonce(component), { limits: LIMITS });
  }
  using client = new FirstByteClient(host.port);
  const samples: number[] = [];
  for (let index = 0; index <= count; index += 1) {
    await host.takeStarts();
    const { firstByteMs } = await client.measure(encodeRequest(`cold-${index}.localhost`, REQUEST));
    const [start] = await host.takeStarts();
    if (start?.kind !== 'cold') throw new Error(`it was a ${start?.kind ?? 'missing'} start`);
    samples.push(firstByteMs);
  }
  return samples.slice(1);
}

async function measureServed(
  { name, bytes }: Language,
  count: number,
  isolation: 'request' | 'reuse',
): Promise<number[]> {
  await using host = await BenchHost.open();
  await host.deployBytes(name, bytes, { isolation, limits: LIMITS });
  using client = new FirstByteClient(host.port);
  const request = encodeRequest(`${name}.localhost`, REQUEST);
  const samples: number[] = [];
  for (let index = 0; index < WARM_UP_REQUESTS + count; index += 1) {
    const { firstByteMs } = await client.measure(request);
    if (index >= WARM_UP_REQUESTS) samples.push(firstByteMs);
  }
  return samples;
}

/** Memory of instances that are ready to serve, over that of a host with one of them. */
async function measureMemory({ name, bytes }: Language): Promise<number> {
  await using host = await BenchHost.open();
  using client = new FirstByteClient(host.port);
  const request = encodeRequest(`${name}.localhost`, REQUEST);
  const memoryWith = async (min: number): Promise<number> => {
    await host.deployBytes(name, bytes, { limits: LIMITS, instances: { min } });
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

function listFigures({ name, bytes, cold, warm, hot, instanceBytes }: Row): Figure[] {
  const ms = (figure: string, samples: readonly number[], share: number): Figure[] =>
    samples.length === 0
      ? []
      : [{ name: `${figure}:${name}`, value: percentile(samples, share), unit: 'ms' }];
  return [
    { name: `size:${name}`, value: bytes.length, unit: 'bytes' },
    ...ms('cold-p50', cold, 0.5),
    ...ms('warm-p50', warm, 0.5),
    ...ms('warm-p99', warm, 0.99),
    ...ms('hot-p50', hot, 0.5),
    { name: `instance:${name}`, value: instanceBytes, unit: 'bytes' },
  ];
}

function listCells({ name, bytes, cold, warm, hot, instanceBytes }: Row): string[] {
  const at = (samples: readonly number[], share: number): string =>
    samples.length === 0 ? '' : formatNumber(percentile(samples, share));
  return [
    name,
    bytes.length < MIB
      ? `${Math.round(bytes.length / 1024)} KiB`
      : `${(bytes.length / MIB).toFixed(1)} MiB`,
    at(cold, 0.5),
    at(warm, 0.5),
    at(warm, 0.99),
    at(hot, 0.5),
    `${(instanceBytes / MIB).toFixed(1)} MiB`,
  ];
}
