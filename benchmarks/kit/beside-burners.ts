/** How long a light function takes while others burn CPU on the same thread. */
import { burn } from '../../tests/guests/burn.ts';
import { encodeRequest } from '../load/encode-request.ts';
import type { BenchHost } from './bench-host.ts';
import { CodedClient } from './coded-client.ts';
import type { Example } from './examples.ts';
import { FirstByteClient } from './first-byte.ts';
import { percentile } from './percentiles.ts';
import type { Figure } from './suite.ts';

/** Two of each. */
const BURNERS = ['tight-loop', 'recursion', 'tight-loop', 'recursion'] as const;
/** Far more than the measurement takes: they burn from its beginning to its end. */
const BURN_MS = 300_000;
const WARM_UP = 50;

/** What was found. */
export interface BesideBurners {
  readonly figures: readonly Figure[];
  readonly raw: object;
}

/**
 * Sends requests to the light function one after the other, alone and then beside four burners.
 *
 * @throws {Error} If a burner is answered before the end: then it did not burn.
 */
export async function measureBesideBurners(
  host: BenchHost,
  light: Example,
  requests: number,
): Promise<BesideBurners> {
  await host.deploy('light', light);
  for (const place of new Set(BURNERS)) {
    const limits = { cpuMs: BURN_MS, timeoutMs: BURN_MS };
    await host.deployBytes(`heavy-${place}`, await burn(place), { limits });
  }
  const request = encodeRequest('light.localhost', light.request);
  const alone = await sample(host, request, requests);
  const client = new CodedClient(host.port);
  let answered = 0;
  const burning = BURNERS.map((place) =>
    client.get(`heavy-${place}`).then(
      () => (answered += 1),
      () => undefined,
    ),
  );
  try {
    await untilBusy(host);
    const cpuBefore = await host.threadMs();
    const startedMs = performance.now();
    const beside = await sample(host, request, requests);
    const busy = ((await host.threadMs()) - cpuBefore) / (performance.now() - startedMs);
    if (answered > 0) throw new Error('Cannot measure beside burners: one was answered');
    return {
      figures: [
        { name: 'light-p99-beside-burners', value: percentile(beside, 0.99), unit: 'ms' },
        { name: 'light-p50-beside-burners', value: percentile(beside, 0.5), unit: 'ms' },
        { name: 'light-max-beside-burners', value: Math.max(...beside), unit: 'ms' },
        { name: 'light-p99-alone', value: percentile(alone, 0.99), unit: 'ms' },
        { name: 'thread-busy-beside-burners', value: busy * 100, unit: '%' },
      ],
      raw: { alone, beside },
    };
  } finally {
    client.close();
    await Promise.all(burning);
  }
}

/** Waits until the thread has burnt a whole slice of each of the burners. */
async function untilBusy(host: BenchHost): Promise<void> {
  const before = await host.threadMs();
  const endMs = performance.now() + 10_000;
  while ((await host.threadMs()) - before < 100) {
    if (performance.now() > endMs) throw new Error('Cannot measure beside burners: none burns');
  }
}

async function sample(
  host: BenchHost,
  request: Uint8Array,
  requests: number,
): Promise<readonly number[]> {
  using client = new FirstByteClient(host.port);
  const samples: number[] = [];
  for (let index = -WARM_UP; index < requests; index += 1) {
    const { lastByteMs } = await client.measure(request);
    if (index >= 0) samples.push(lastByteMs);
  }
  return samples;
}
