/** All figures in Prometheus' text format, written in slices between which the process does other things. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Figures } from './figures.ts';
import { writeFunctionMetrics } from './function-metrics.ts';
import { writeHostMetrics } from './host-metrics.ts';

/** Longest time a scrape holds the event loop, ms; what prom-client does at once comes on top. */
const SLICE_MS = 1;

/** @param processMetrics Metrics that are not ours, piece by piece; each is written in a turn of its own. */
export async function renderFigures(
  figures: Figures,
  processMetrics: AsyncIterable<string>,
): Promise<string> {
  figures.rebalance();
  const slices: string[] = [];
  let slice: string[] = [];
  let sliceEndMs = performance.now() + SLICE_MS;
  for (const piece of writeOurs(figures)) {
    slice.push(piece);
    if (performance.now() < sliceEndMs) continue;
    // Joined here, while it is small: V8 puts text together when it is read, all of it at once.
    slices.push(slice.join(''));
    slice = [];
    await nextTurn();
    sliceEndMs = performance.now() + SLICE_MS;
  }
  slices.push(slice.join(''));
  for await (const piece of processMetrics) {
    slices.push(piece);
    await nextTurn();
  }
  return slices.join('');
}

function* writeOurs(figures: Figures): Generator<string> {
  yield* writeFunctionMetrics(figures.ranking);
  yield* writeHostMetrics(figures);
}
