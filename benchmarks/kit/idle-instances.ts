/**
 * A real host that keeps thousands of idle instances: functions that are deployed with a minimum of instances, over as many
 * worker processes as it takes. The host makes the instances by itself; then each is called at least once.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BenchHost } from './bench-host.ts';
import type { Example } from './examples.ts';
import { fillRegistry, nameOf } from './many-functions.ts';
import { PipeliningClient } from './pipelining-client.ts';
import { listDescendants, sumProcessMemory, type ProcessMemory } from './process-memory.ts';
import { openTemporaryDirectory } from './temporary-directory.ts';

/** How many there are to be, and where. */
export interface IdlePlan {
  readonly instances: number;
  readonly workers: number;
  /** Whether V8 guards memories by address space, as it does unless told otherwise. */
  readonly trapHandler: boolean;
}

/** Instances by state, over all functions. */
export interface InstanceCounts {
  /** Have served. */
  readonly idle: number;
  /** Made ahead, and never called. */
  readonly warm: number;
}

/** What the host held at one time. */
export interface IdleSample extends InstanceCounts {
  /** Since its start, s. */
  readonly seconds: number;
  /** Of all its processes; null where the system does not tell. */
  readonly memory: ProcessMemory | null;
}

/** What was found. */
export interface IdleInstances {
  readonly plan: IdlePlan;
  readonly functions: number;
  /** While the host made them, and at last when all were called. */
  readonly samples: readonly IdleSample[];
  readonly served: IdleSample;
}

/** Of one function in one worker: few enough that one client has all of them at work at the same time. */
const PER_FUNCTION = 50;
/** So often the first function is called in every worker, each time by as many requests: V8's young heap has its size then. */
const WARM_UP = 100;
/** Connections that are tried for each worker: which worker takes one is the system's choice. */
const CONNECTIONS = 25;
/** Between two looks, and for each of the instances more, ms: the host's figures of hundreds of functions cost it time. */
const LOOK_MS = { least: 1000, each: 0.05 };
/** Without a further instance for so long, it is given up, ms: a worker that was refused one tries again within a minute. */
const PATIENCE_MS = 90_000;
/** Rounds of calls after which it is given up. */
const MAX_ROUNDS = 12;
const DAY_MS = 86_400_000;
/** What is charged is the whole of linear memory, touched or not; what is free is looked at besides. */
const MEMORY = '1024GiB';
/** Where others use the machine, a process that collects a large heap may not answer for seconds. */
const WATCHDOG_MS = 30_000;

/**
 * Opens such a host, measures, and closes it.
 *
 * @param progress Takes a line for people.
 * @throws {Error} If the host does not come to so many instances.
 */
export async function measureIdleInstances(
  example: Example,
  plan: IdlePlan,
  progress: (line: string) => void,
): Promise<IdleInstances> {
  const { instances, workers, trapHandler } = plan;
  const functions = Math.max(1, Math.round(instances / workers / PER_FUNCTION));
  const each = Math.ceil(instances / functions);
  const directory = await openTemporaryDirectory();
  try {
    const dataDir = join(directory.path, 'data');
    await deployFunctions(dataDir, example, functions, each);
    const startedMs = performance.now();
    await using host = await BenchHost.open({
      dataDir,
      workers,
      nodeFlags: trapHandler ? [] : ['--disable-wasm-trap-handler'],
      config: { limits: { memoryBytes: MEMORY }, watchdogMs: WATCHDOG_MS },
    });
    const sample = async (): Promise<IdleSample> => ({
      ...(await countInstances(host)),
      seconds: (performance.now() - startedMs) / 1000,
      memory: readHostMemory(host),
    });
    const samples = await fill(sample, functions * each, progress);
    await callAll(host, functions, workers, progress);
    await delay(LOOK_MS.least);
    const served = await sample();
    return { plan, functions, samples: [...samples, served], served };
  } finally {
    await directory.close();
  }
}

/** Memory of all processes of a host. */
export function readHostMemory(host: BenchHost): ProcessMemory | null {
  return sumProcessMemory([host.pid, ...listDescendants(host.pid).map(({ pid }) => pid)]);
}

/** Instances as the host counts them. */
export async function countInstances(host: BenchHost): Promise<InstanceCounts> {
  const text = await host.admin.text({ method: 'GET', path: '/metrics' });
  const counts = { idle: 0, warm: 0 };
  for (const [, state, value] of text.matchAll(
    /^faas_instances\{[^}]*state="(idle|warm)"\} (\d+)$/gm,
  )) {
    counts[state as keyof typeof counts] += Number(value);
  }
  return counts;
}

/** The first one is deployed, the others are written into the registry beside it. */
async function deployFunctions(
  dataDir: string,
  example: Example,
  functions: number,
  each: number,
): Promise<void> {
  {
    // One worker, so that nothing is made ahead that the next line would wait for.
    await using host = await BenchHost.open({ dataDir });
    await host.deployBytes(nameOf(0), await readFile(example.path), {
      limits: { concurrency: each, queue: 10_000 },
      instances: { min: each, max: each, maxAgeMs: DAY_MS, idleTimeoutMs: DAY_MS },
    });
  }
  await fillRegistry(dataDir, functions);
}

/** Waits until the host has made them. */
async function fill(
  sample: () => Promise<IdleSample>,
  wanted: number,
  progress: (line: string) => void,
): Promise<readonly IdleSample[]> {
  const samples: IdleSample[] = [];
  let most = 0;
  let grewMs = performance.now();
  for (;;) {
    await delay(Math.max(LOOK_MS.least, wanted * LOOK_MS.each));
    const now = await sample();
    const made = now.idle + now.warm;
    progress(`  ${made} of ${wanted} instances made`);
    if (made > most) {
      most = made;
      grewMs = performance.now();
      samples.push(now);
    }
    if (made >= wanted) return samples;
    if (performance.now() - grewMs > PATIENCE_MS) {
      throw new Error(`Cannot keep ${wanted} instances: the host stopped at ${made}`);
    }
  }
}

/** Calls functions, as many requests at once as each has instances in a worker, until every instance has served. */
async function callAll(
  host: BenchHost,
  functions: number,
  workers: number,
  progress: (line: string) => void,
): Promise<void> {
  using stack = new DisposableStack();
  const clients = await connectToEach(host, workers, stack);
  for (let round = 0; round < WARM_UP; round += 1) {
    await Promise.all(clients.map((client) => client.get(hostOf(0), PER_FUNCTION)));
  }
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    for (let index = 0; index < functions; index += 1) {
      await Promise.all(clients.map((client) => client.get(hostOf(index), PER_FUNCTION)));
    }
    const { idle, warm } = await countInstances(host);
    progress(`  round ${round} of calls: ${idle} instances have served, ${warm} not yet`);
    // The last few of some hundred thousand are no matter.
    if (warm <= idle / 1000) return;
  }
}

/** A connection to each worker: if one reaches instances of the first function that nobody has called, it leads to another worker. */
async function connectToEach(
  host: BenchHost,
  workers: number,
  stack: DisposableStack,
): Promise<readonly PipeliningClient[]> {
  const found: PipeliningClient[] = [];
  let called = 0;
  for (let tried = 0; tried < workers * CONNECTIONS && found.length < workers; tried += 1) {
    const client = stack.use(await PipeliningClient.open(host.port));
    await client.get(hostOf(0), PER_FUNCTION);
    const { idle } = await countInstances(host);
    if (idle < called + PER_FUNCTION / 2) continue;
    called = idle;
    found.push(client);
  }
  if (found.length === workers) return found;
  throw new Error(`Cannot reach ${workers} workers: connections lead to ${found.length}`);
}

function hostOf(index: number): string {
  return `${nameOf(index)}.localhost`;
}
