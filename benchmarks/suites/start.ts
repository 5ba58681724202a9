/**
 * How long a request takes to its first byte when its module was never compiled (cold), and when the
 * module is cached and only the instance is new (warm).
 *
 * Every cold sample is a deployment of its own whose core modules have bytes that V8 has not seen in that
 * process. The generated JavaScript is the same each time, so that host runs without V8's cache of
 * compiled scripts: with it, the glue of the second sample would "compile" in 10 µs instead of 9 ms.
 */
import { mapLimited } from '../../cli/map-limited.ts';
import { alternate } from '../kit/alternate.ts';
import { BenchHost } from '../kit/bench-host.ts';
import { listExamples, type Example } from '../kit/examples.ts';
import { FirstByteClient } from '../kit/first-byte.ts';
import { loadComponent } from '../kit/load-component.ts';
import { withNonce } from '../kit/nonce.ts';
import {
  createStartSample,
  listStartCells,
  listStartFigures,
  START_HEAD,
  toColumns,
  type StartSample,
} from '../kit/start-samples.ts';
import type { Suite, SuiteOptions, SuiteResult } from '../kit/suite.ts';
import type { Table } from '../kit/table.ts';
import { encodeRequest } from '../load/encode-request.ts';

const COLD_SAMPLES = { quick: 6, full: 100 };
/** Warm samples for each cold one: they take a tenth of the time. */
const WARM_PER_COLD = 20;
/** Warm requests of one example in a row, before the next one's turn. */
const WARM_BLOCK = 10;
/** Requests on each example before anything counts: the host's own code is compiled by then. */
const WARM_UP_REQUESTS = 30;
/** Deployments at once; the host prepares no more. */
const DEPLOYMENTS = 2;
/** An example that is slow is still measured this often. */
const LEAST_SAMPLES = 2;

type Samples = Map<string, StartSample[]>;

/** The suite `start`. */
export const startSuite: Suite = {
  name: 'start',
  description: 'cold and warm start of each example, to the first byte over HTTP and by phase',
  run: runStart,
};

async function runStart(
  options: SuiteOptions,
  progress: (line: string) => void,
): Promise<SuiteResult> {
  const startedAt = new Date().toISOString();
  const examples = listExamples(options.only);
  const coldCount = options.samples ?? COLD_SAMPLES[options.quick ? 'quick' : 'full'];
  const cold = await measureCold(examples, coldCount, progress);
  const { warm, findings } = await measureWarm(examples, coldCount * WARM_PER_COLD, progress);
  return {
    suite: 'start',
    startedAt,
    ratios: [],
    figures: examples.flatMap(({ name }) => [
      ...listStartFigures('cold', name, cold.get(name) ?? []),
      ...listStartFigures('warm', name, warm.get(name) ?? []),
    ]),
    tables: [describe(examples, cold, warm)],
    raw: { unit: 'ms', findings, cold: toColumns(cold), warm: toColumns(warm) },
  };
}

async function measureCold(
  examples: readonly Example[],
  count: number,
  progress: (line: string) => void,
): Promise<Samples> {
  await using host = await BenchHost.open({ nodeFlags: ['--no-compilation-cache'] });
  const jobs = alternate(examples, count).flatMap((round, index) =>
    round
      .filter((example) => index < countOf(example, count))
      .map((example) => ({ example, name: `${example.name}-${index}` })),
  );
  progress(`  deploying ${jobs.length} functions never compiled before`);
  const components = new Map<Example, Uint8Array>();
  for (const example of examples) components.set(example, await loadComponent(example));
  const deployments = [...examples.map((example) => ({ example, name: example.name })), ...jobs];
  await mapLimited(deployments, DEPLOYMENTS, async ({ example, name }) => {
    const bytes = withNonce(components.get(example) ?? new Uint8Array(0));
    await host.deploy(name, example, { bytes });
  });
  using client = new FirstByteClient(host.port);
  await warmUp(client, examples);
  await host.takeStarts();
  progress(`  ${jobs.length} cold starts`);
  const samples: Samples = new Map(examples.map(({ name }) => [name, []]));
  for (const { example, name } of jobs) {
    const times = await client.measure(encodeRequest(`${name}.localhost`, example.request));
    const [start] = await host.takeStarts();
    samples.get(example.name)?.push(createStartSample('cold', times, start));
  }
  return samples;
}

async function measureWarm(
  examples: readonly Example[],
  count: number,
  progress: (line: string) => void,
): Promise<{ readonly warm: Samples; readonly findings: object }> {
  await using host = await BenchHost.open();
  const findings: Record<string, readonly string[]> = {};
  for (const example of examples) {
    findings[example.name] = await host.deploy(example.name, example);
  }
  using client = new FirstByteClient(host.port);
  await warmUp(client, examples);
  await host.takeStarts();
  progress('  warm starts');
  const samples: Samples = new Map(examples.map(({ name }) => [name, []]));
  for (const round of alternate(examples, Math.ceil(count / WARM_BLOCK))) {
    for (const example of round) {
      const taken = samples.get(example.name) ?? [];
      const wanted = Math.min(WARM_BLOCK, countOf(example, count) - taken.length);
      if (wanted > 0) taken.push(...(await measureBlock(host, client, example, wanted)));
    }
  }
  return { warm: samples, findings };
}

async function measureBlock(
  host: BenchHost,
  client: FirstByteClient,
  { name, request }: Example,
  count: number,
): Promise<StartSample[]> {
  const bytes = encodeRequest(`${name}.localhost`, request);
  const times = [];
  for (let index = 0; index < count; index += 1) times.push(await client.measure(bytes));
  const starts = await host.takeStarts();
  return times.map((time, index) => createStartSample('warm', time, starts[index]));
}

/** Serves each example a few times; after that they are cached and the host's own code is compiled. */
async function warmUp(client: FirstByteClient, examples: readonly Example[]): Promise<void> {
  for (const { name, request, share } of examples) {
    const bytes = encodeRequest(`${name}.localhost`, request);
    const requests = Math.max(LEAST_SAMPLES, Math.round(WARM_UP_REQUESTS * share));
    for (let index = 0; index < requests; index += 1) await client.measure(bytes);
  }
}

function countOf({ share }: Example, count: number): number {
  return Math.max(Math.min(LEAST_SAMPLES, count), Math.round(count * share));
}

function describe(examples: readonly Example[], cold: Samples, warm: Samples): Table {
  return {
    title: 'Start, one request at a time',
    head: START_HEAD,
    rows: examples.flatMap(({ name }) => [
      listStartCells(`${name} cold`, cold.get(name) ?? []),
      listStartCells(`${name} warm`, warm.get(name) ?? []),
    ]),
    remarks: [
      'First byte: measured by a client over a keep-alive connection. In the host: from the head of the request, parsed, until the kernel has all of the response. Start and its phases: what the host reports in `faas_start_seconds`. With fewer than 100 samples, p99 is the slowest.',
    ],
  };
}
