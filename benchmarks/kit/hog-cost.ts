/**
 * What a guest that takes all the memory it may costs the host: resident memory of its process at the worst
 * moment, less what it had before, while another function is called all the time.
 */
import { misbehave } from '../../tests/guests/guests.ts';
import { encodeRequest } from '../load/encode-request.ts';
import { openLoader } from '../load/loader.ts';
import type { BenchHost } from './bench-host.ts';
import type { CodedClient } from './coded-client.ts';
import type { Example } from './examples.ts';
import type { Figure } from './suite.ts';

const MIB = 2 ** 20;
/** Memory the hog may have. */
export const HOG_LIMIT_MIB = 64;
const WARM_UP_REQUESTS = 200;

/** What was found. */
export interface HogCost {
  readonly figures: readonly Figure[];
  readonly raw: object;
}

/**
 * Measures.
 *
 * @param times How many hogs come, one after the other.
 * @throws {Error} If one gets what it asks for, or a neighbour is answered with anything but 200.
 */
export async function measureHog(
  host: BenchHost,
  client: CodedClient,
  neighbour: Example,
  times: number,
): Promise<HogCost> {
  const limits = { memoryBytes: HOG_LIMIT_MIB * MIB };
  await host.deployBytes('hog', misbehave(), { limits });
  await host.deploy('neighbour', neighbour);
  for (let left = WARM_UP_REQUESTS; left > 0; left -= 1) await client.get('neighbour');
  await client.get('hog', '/grow?mib=1');
  const loader = await openLoader();
  try {
    const load = loader.ask({
      port: host.port,
      request: encodeRequest('neighbour.localhost', neighbour.request),
      connections: 1,
      warmUpMs: 200,
      // As long as the hogs take, whatever that is: they are many times faster.
      durationMs: 400 * times,
    });
    const found = await Promise.all([load, runHogs(host, client, times)]);
    const [{ requests }, { first, all }] = found;
    return {
      figures: [
        { name: 'hog-cost-max', value: all / MIB, unit: 'MiB' },
        { name: 'hog-cost-one', value: first / MIB, unit: 'MiB' },
        { name: 'hog-neighbour-requests', value: requests, unit: 'requests' },
        { name: 'hog-neighbour-errors', value: 0, unit: 'requests' },
      ],
      raw: { times, first, all, requests },
    };
  } finally {
    await loader.close();
  }
}

async function runHogs(
  host: BenchHost,
  client: CodedClient,
  times: number,
): Promise<{ readonly first: number; readonly all: number }> {
  const before = await host.residentBytes();
  let first = 0;
  for (let turn = 0; turn < times; turn += 1) {
    const { status, code } = await client.get('hog', `/grow?mib=${2 * HOG_LIMIT_MIB}`);
    if (code !== 'memory_limit') {
      throw new Error(`Cannot measure the hog: it was answered with ${status} ${code}`);
    }
    if (turn === 0) first = (await host.peakBytes()) - before;
  }
  return { first, all: (await host.peakBytes()) - before };
}
