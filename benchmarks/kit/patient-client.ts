/** One request after the other where an answer may never come: what takes too long counts as unanswered. */
import { FirstByteClient } from './first-byte.ts';

/** How long requests are sent, and how long each is waited for. */
export interface Patience {
  readonly requests: number;
  /** Of one request, ms. */
  readonly limitMs: number;
  /** Of all of them, ms. */
  readonly totalMs: number;
}

/**
 * Sends requests until there are enough or the time is over.
 *
 * @returns Time to the last byte of each, ms; `Infinity` for those without an answer in time or with a broken connection.
 */
export async function measurePatiently(
  port: number,
  request: Uint8Array,
  { requests, limitMs, totalMs }: Patience,
): Promise<readonly number[]> {
  const samples: number[] = [];
  const endMs = performance.now() + totalMs;
  let client = new FirstByteClient(port);
  while (samples.length < requests && performance.now() < endMs) {
    const startedMs = performance.now();
    const ms = await measureOne(client, request, limitMs);
    samples.push(ms);
    if (Number.isFinite(ms)) continue;
    client.close();
    // A server that refuses connections fails at once: each failure takes its time here as well.
    await sleepUntil(startedMs + limitMs);
    client = new FirstByteClient(port);
  }
  client.close();
  return samples;
}

async function measureOne(
  client: FirstByteClient,
  request: Uint8Array,
  limitMs: number,
): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const timer = setTimeout(() => resolve(Infinity), limitMs);
  const answered = client.measure(request).then(
    ({ lastByteMs }) => lastByteMs,
    () => Infinity,
  );
  const ms = await Promise.race([answered, promise]);
  clearTimeout(timer);
  return ms;
}

function sleepUntil(whenMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, Math.max(0, whenMs - performance.now()));
  return promise;
}
