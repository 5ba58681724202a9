/**
 * Where one process stops to make instances, and how it says so: it is asked for more than it can have, and then another
 * function for one more.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { FunctionDetails } from '../../host/admin/views.ts';
import { BenchHost } from './bench-host.ts';
import { CodedClient } from './coded-client.ts';
import type { Example } from './examples.ts';
import { countInstances } from './idle-instances.ts';

/** What was found. */
export interface InstanceLimit {
  readonly trapHandler: boolean;
  /** Mappings that instances may take; undefined: what the host gives them on this machine. */
  readonly mappings: number | undefined;
  /** Instances that it made. */
  readonly instances: number;
  /** Why it made no more, in its own words. */
  readonly reason: string;
  /** How a request was answered that needed a further instance. */
  readonly refusal: { readonly status: number; readonly code: string | undefined };
  /** How many of as many calls of a function that has instances were answered with 200 afterwards. */
  readonly answered: { readonly calls: number; readonly ok: number };
}

/** More than any process has address space or mappings for. */
const WANTED = 60_000;
const LOOK_MS = 1000;
/** Without a further instance for so long, it has stopped, ms. */
const STALL_MS = 4000;
const CALLS = 100;
const DAY_MS = 86_400_000;

/**
 * Measures.
 *
 * @param mappings Instead of what the host would give on this machine.
 */
export async function findInstanceLimit(
  example: Example,
  { trapHandler, mappings }: { trapHandler: boolean; mappings: number | undefined },
  progress: (line: string) => void,
): Promise<InstanceLimit> {
  const limits = { memoryBytes: '1024GiB', ...(mappings === undefined ? {} : { mappings }) };
  await using host = await BenchHost.open({
    nodeFlags: trapHandler ? [] : ['--disable-wasm-trap-handler'],
    config: { limits },
  });
  const bytes = await readFile(example.path);
  await host.deployBytes('another', bytes, {});
  await host.deployBytes('many', bytes, {
    instances: { min: WANTED, max: WANTED, maxAgeMs: DAY_MS },
  });
  const instances = await untilStalled(host, progress);
  const { findings } = await host.admin.json<FunctionDetails>({
    method: 'GET',
    path: '/v1/functions/many',
  });
  await using client = new CodedClient(host.port);
  const refusal = await client.get('another');
  let ok = 0;
  for (let left = CALLS; left > 0; left -= 1) {
    if ((await client.get('many')).status === 200) ok += 1;
  }
  const reason = findings.find((line) => line.startsWith(NOT_MADE))?.slice(NOT_MADE.length);
  return {
    trapHandler,
    mappings,
    instances,
    reason: reason ?? 'it did not say',
    refusal,
    answered: { calls: CALLS, ok },
  };
}

/** How `describe-instances.ts` begins its line. */
const NOT_MADE = 'the last one could not be made ahead: ';

async function untilStalled(host: BenchHost, progress: (line: string) => void): Promise<number> {
  let most = 0;
  let grewMs = performance.now();
  while (performance.now() - grewMs < STALL_MS) {
    await delay(LOOK_MS);
    const { warm, idle } = await countInstances(host);
    progress(`  ${warm + idle} instances in one process`);
    if (warm + idle <= most) continue;
    most = warm + idle;
    grewMs = performance.now();
  }
  return most;
}
