/** What a scrape of a host with many functions takes, and how long it holds up requests that come meanwhile. */
import type { BenchHost } from './bench-host.ts';
import { FirstByteClient } from './first-byte.ts';
import { percentile } from './percentiles.ts';

/** What was found. */
export interface ScrapeCost {
  /** Time of each scrape, ms. */
  readonly scrapeMs: readonly number[];
  readonly bytes: number;
  /** Slowest request and 99th percentile while scrapes are made, and without any, ms. */
  readonly meanwhile: { readonly p99: number; readonly most: number };
  readonly without: { readonly p99: number; readonly most: number };
}

/** Between scrapes, ms: half of the time there is none. */
const PAUSE_MS = 50;

/**
 * Measures.
 *
 * @param request Of the function that is called all the time.
 */
export async function measureScrapes(
  host: BenchHost,
  request: Uint8Array,
  scrapes: number,
): Promise<ScrapeCost> {
  const scrape = (): Promise<string> => host.admin.text({ method: 'GET', path: '/metrics' });
  const first = await scrape();
  const scrapeMs: number[] = [];
  const meanwhile = await probe(host, request, async () => {
    for (let left = scrapes; left > 0; left -= 1) {
      const startedMs = performance.now();
      await scrape();
      scrapeMs.push(performance.now() - startedMs);
      await pause();
    }
  });
  const without = await probe(host, request, async () => {
    for (let left = scrapes; left > 0; left -= 1) await pause();
  });
  return { scrapeMs, bytes: Buffer.byteLength(first), meanwhile, without };
}

/** Sends one request after the other until something is done. */
async function probe(
  host: BenchHost,
  request: Uint8Array,
  task: () => Promise<void>,
): Promise<{ p99: number; most: number }> {
  using client = new FirstByteClient(host.port);
  await client.measure(request);
  const samples: number[] = [];
  const end = new AbortController();
  const done = task().finally(() => end.abort());
  // Whoever waits for it below is told.
  done.catch(() => {});
  while (!end.signal.aborted) samples.push((await client.measure(request)).lastByteMs);
  await done;
  return { p99: percentile(samples, 0.99), most: Math.max(...samples) };
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
