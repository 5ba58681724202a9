/**
 * What things take of memory that are there and wait: idle instances of the Rust hello in a real host, up to a hundred
 * thousand over as many processes as the system asks for; deployed functions; requests under way. Beside them what others
 * isolate with, and where one process stops to make more.
 */
import { readFileSync } from 'node:fs';
import type { Chart } from '../kit/chart.ts';
import { BenchHost } from '../kit/bench-host.ts';
import { listDensityFigures } from '../kit/density-figures.ts';
import type { DensityFound, IdleDensity } from '../kit/density-found.ts';
import { measurePeerDensity } from '../kit/density-peers.ts';
import { describeDensity } from '../kit/describe-density.ts';
import { EngineLab } from '../kit/engine-lab.ts';
import { listExamples, type Example } from '../kit/examples.ts';
import { measureIdleInstances, readHostMemory, type IdlePlan } from '../kit/idle-instances.ts';
import { measureInFlight } from '../kit/in-flight.ts';
import { readInstalledSize } from '../kit/installed-size.ts';
import { findInstanceLimit, type InstanceLimit } from '../kit/instance-limit.ts';
import { measureDeployed } from '../kit/many-functions.ts';
import type { Ratio, Suite, SuiteOptions, SuiteResult } from '../kit/suite.ts';
import { openTemporaryDirectory } from '../kit/temporary-directory.ts';

interface Plan {
  /** With the trap handler, as is the default, and without; 0: not measured. */
  readonly instances: { readonly guarded: number; readonly unguarded: number };
  readonly inFlight: number;
  readonly functions: number;
  /** Containers, processes, threads. */
  readonly peers: number;
  /** Instances of the comparison of both engines, without a host around them. */
  readonly lab: number;
  /** Mappings that one process may take where it is seen how it stops; undefined: what it takes by itself. */
  readonly mappings: number | undefined;
}

/** The same with `--quick`: the fewer share their pages, the more each takes. */
const PEERS = 10;
const QUICK: Plan = {
  instances: { guarded: 4000, unguarded: 0 },
  inFlight: 300,
  functions: 500,
  peers: PEERS,
  lab: 300,
  mappings: 1000,
};
const FULL: Plan = {
  instances: { guarded: 100_000, unguarded: 20_000 },
  inFlight: 2000,
  functions: 5000,
  peers: PEERS,
  lab: 3000,
  mappings: undefined,
};
/** Instances that one process is given at most: V8 has addresses for some 16,000 memories with their guards. */
const GUARDED_PER_WORKER = 12_500;
/** Part of a process's mappings that the host takes for instances, two each, and room for calls. */
const MAPPING_SHARE = (3 / 4 / 2) * 0.8;
const DEFAULT_MAPPINGS = 65_530;
/** Several processes, as is the default. */
const LEAST_WORKERS = 2;
/** In each process where nothing is measured but what it takes by itself. */
const BASE_PER_WORKER = 50;
/** What an instance may take at most, and what is left to the machine, for it to be tried, bytes. */
const ROOM = { instance: 90 * 1024, machine: 3 * 2 ** 30 };

/** The suite `density`. */
export const densitySuite: Suite = {
  name: 'density',
  description: 'memory of idle instances, functions and requests under way; where it stops',
  run: runDensity,
};

async function runDensity(
  { quick, samples }: SuiteOptions,
  progress: (line: string) => void,
): Promise<SuiteResult> {
  const startedAt = new Date().toISOString();
  const base = quick ? QUICK : FULL;
  const instances =
    samples === undefined
      ? base.instances
      : { guarded: samples, unguarded: Math.ceil(samples / 5) };
  const plan = { ...base, instances };
  const [hello, echo] = listExamples(['hello-rust', 'echo-rust']);
  if (hello === undefined || echo === undefined) {
    throw new Error('Cannot measure density: there are no examples');
  }
  await using stack = new AsyncDisposableStack();
  const directory = stack.adopt(await openTemporaryDirectory(), (it) => it.close());
  const found: DensityFound = {
    peers: await measurePeerDensity(plan.peers, directory.path, progress),
    idleHostBytes: await measureIdleHost(hello),
    functions: await measureDeployed(hello, plan.functions, readHostMemory),
    inFlight: await measureInFlight(echo, plan.inFlight),
    lab: await measureEngines(hello, plan.lab, progress),
    limits: await findLimits(hello, plan, progress),
    idle: [
      ...(instances.unguarded === 0
        ? []
        : [await measureIdle(hello, planOf(instances.unguarded, false), progress)]),
      await measureIdle(hello, planOf(instances.guarded, true), progress),
    ],
    installed: readInstalledSize(),
  };
  return {
    suite: 'density',
    startedAt,
    ratios: ratiosOf(found),
    figures: listDensityFigures(found),
    tables: describeDensity(found),
    charts: [drawGrowth(found)],
    raw: { plan, ...found },
  };
}

/** As many processes as instances need. */
function planOf(instances: number, trapHandler: boolean): IdlePlan {
  const byMappings = Math.floor(readMaxMappings() * MAPPING_SHARE);
  const each = trapHandler ? Math.min(GUARDED_PER_WORKER, byMappings) : byMappings;
  const workers = Math.max(LEAST_WORKERS, Math.ceil(instances / each));
  return { instances, workers, trapHandler };
}

function readMaxMappings(): number {
  try {
    return Number(readFileSync('/proc/sys/vm/max_map_count', 'utf8'));
  } catch {
    return DEFAULT_MAPPINGS;
  }
}

async function measureIdle(
  hello: Example,
  plan: IdlePlan,
  progress: (line: string) => void,
): Promise<IdleDensity> {
  const needed = plan.instances * ROOM.instance + ROOM.machine;
  if (process.availableMemory() < needed) {
    const free = (process.availableMemory() / 2 ** 30).toFixed(1);
    throw new Error(
      `Cannot keep ${plan.instances} instances: ${free} GiB are free and ${(needed / 2 ** 30).toFixed(1)} may be needed`,
    );
  }
  const few = { ...plan, instances: plan.workers * BASE_PER_WORKER };
  const base = await measureIdleInstances(hello, few, progress);
  const many = await measureIdleInstances(hello, plan, progress);
  const [before, after] = [base.served.memory, many.served.memory];
  const added = plan.instances - few.instances;
  const isKnown = before !== null && after !== null && added > 0;
  return {
    many,
    base,
    bytesEach: isKnown ? positive((after.pssBytes - before.pssBytes) / added) : null,
    pageTableBytesEach: isKnown
      ? positive((after.pageTableBytes - before.pageTableBytes) / added)
      : null,
  };
}

/** Of few instances, what V8's heaps differ by may be more. */
function positive(bytes: number): number | null {
  return bytes > 0 ? bytes : null;
}

async function findLimits(
  hello: Example,
  { mappings }: Plan,
  progress: (line: string) => void,
): Promise<readonly InstanceLimit[]> {
  const guarded = await findInstanceLimit(hello, { trapHandler: true, mappings }, progress);
  // With few mappings both stop at the same place.
  if (mappings !== undefined) return [guarded];
  return [guarded, await findInstanceLimit(hello, { trapHandler: false, mappings }, progress)];
}

async function measureIdleHost(hello: Example): Promise<number | null> {
  await using host = await BenchHost.open({ workers: LEAST_WORKERS });
  await host.deploy('hello', hello);
  return readHostMemory(host)?.pssBytes ?? null;
}

async function measureEngines(
  hello: Example,
  instances: number,
  progress: (line: string) => void,
): Promise<DensityFound['lab']> {
  const measure = async (engine: 'native' | 'jco'): Promise<number> => {
    progress(`  ${instances} instances, ${engine} engine alone`);
    await using lab = await EngineLab.open(hello, engine);
    const before = await lab.keep(Math.ceil(instances / 10));
    return ((await lab.keep(instances)) - before) / instances;
  };
  return { native: await measure('native'), jco: await measure('jco') };
}

/** How many of ours take the memory of one of theirs. */
function ratiosOf({ idle, peers, lab }: DensityFound): readonly Ratio[] {
  const ours = idle.at(-1)?.bytesEach ?? null;
  const ratios: Ratio[] = [{ name: 'density-native/jco', value: lab.jco / lab.native }];
  for (const peer of peers) {
    if (ours === null || 'gap' in peer) continue;
    const name = peer.name === 'container-static' ? 'container' : peer.name;
    ratios.push({ name: `density-ours/${name}`, value: peer.bytes / ours });
  }
  return ratios;
}

function drawGrowth({ idle }: DensityFound): Chart {
  return {
    name: 'density-growth',
    title: 'Memory of the host as idle instances grow in number',
    kind: 'lines',
    unit: 'MiB',
    along: 'instances (the last step: all have served)',
    series: idle.map(({ many }) => ({
      name: `${many.plan.workers} workers, ${many.plan.trapHandler ? 'trap handler' : 'no trap handler'}`,
      points: many.samples.flatMap(({ idle: served, warm, memory }) =>
        memory === null ? [] : [[served + warm, memory.pssBytes / 2 ** 20] as const],
      ),
    })),
  };
}
