/**
 * What a host meets in a day, pressed into minutes: callers of several functions at steady rates, guests that trap or take
 * too much, clients that leave, deployments and evictions. Each part goes on until it is told to end, and counts whatever
 * was not as it should be.
 */
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { LatencyHistogram } from '../../cli/bench/latency-histogram.ts';
import { misbehave } from '../../tests/guests/guests.ts';
import { encodeRequest } from '../load/encode-request.ts';
import type { Loader } from '../load/loader.ts';
import type { BenchHost, BenchSettings } from './bench-host.ts';
import { CodedClient } from './coded-client.ts';
import type { Example } from './examples.ts';
import { withNonce } from './nonce.ts';

/** Function that every part of the traffic but the callers uses for what fails. */
const MISBEHAVING = 'misbehave';
/** Requests of one order to a loader, ms; also what an end waits for. */
const SEGMENT_MS = 4000;
/** Between two requests to guests that fail, two clients that leave, two evictions, two deployments, ms. */
const PAUSE_MS = { failures: 100, leavers: 50, evictions: 2000, deployments: 3000 };
/** How long a client that leaves waits after half of its request, ms. */
const STAY_MS = 20;
/** Deployments of new code that remain; what follows has new settings only, so that caches are not all that grows. */
const NEW_CODE_EVERY = 4;
const LIMITS = { memoryBytes: 32 * 2 ** 20, cpuMs: 30 };

/** Paths of the guest that misbehaves, and the code with which the host must answer. */
const FAILURES: readonly (readonly [path: string, code: string])[] = [
  ['/unreachable', 'guest_trapped'],
  ['/panic', 'guest_trapped'],
  ['/recurse', 'guest_trapped'],
  ['/exit?code=3', 'guest_exited'],
  ['/no-response', 'guest_no_response'],
  ['/spin', 'cpu_limit'],
  ['/grow?mib=64', 'memory_limit'],
];

/** What one part has done. */
export interface TrafficCount {
  readonly name: string;
  /** Requests, deployments, evictions. */
  done: number;
  /** What was not as it should be, and how often. */
  readonly errors: Map<string, number>;
  /** Of callers at a steady rate. */
  readonly latencies: LatencyHistogram;
  mostMs: number;
}

/** A part of the traffic. */
export interface TrafficPart {
  readonly count: TrafficCount;
  run(end: AbortSignal): Promise<void>;
}

/** A function that is called at a steady rate. */
export interface SteadyCall {
  readonly name: string;
  readonly example: Example;
  readonly isolation: 'request' | 'reuse';
  readonly requestsPerSecond: number;
}

/** Calls a function at a rate. It is deployed. */
export function createCaller(host: BenchHost, call: SteadyCall, loader: Loader): TrafficPart {
  const count = newCount(`calls of ${call.name}`);
  const request = encodeRequest(`${call.name}.localhost`, call.example.request);
  return {
    count,
    run: async (end) => {
      while (!end.aborted) {
        const outcome = await loader.ask({
          port: host.port,
          request,
          connections: 64,
          requestsPerSecond: call.requestsPerSecond,
          warmUpMs: 0,
          durationMs: SEGMENT_MS,
          mayFail: true,
        });
        count.done += outcome.requests;
        count.latencies.merge(outcome.latencies);
        count.mostMs = Math.max(count.mostMs, outcome.mostMs);
        for (const [what, times] of Object.entries(outcome.errors)) addError(count, what, times);
      }
    },
  };
}

/** Calls guests that trap, exit, answer nothing, or take too much. */
export async function createFailures(host: BenchHost): Promise<TrafficPart> {
  await host.deployBytes(MISBEHAVING, misbehave(), { limits: LIMITS });
  const count = newCount('guests that fail');
  return {
    count,
    run: async (end) => {
      await using client = new CodedClient(host.port);
      await repeat(end, PAUSE_MS.failures, async () => {
        const [path, wanted] = FAILURES[count.done % FAILURES.length] ?? ['/', ''];
        const { status, code } = await client.get(MISBEHAVING, path);
        count.done += 1;
        if (code !== wanted) addError(count, `${path}: ${status} ${code ?? 'without a code'}`, 1);
      });
    },
  };
}

/** Clients that send half of a request and leave. */
export function createLeavers(host: BenchHost, name: string): TrafficPart {
  const count = newCount('clients that leave');
  const half = `POST / HTTP/1.1\r\nhost: ${name}.localhost\r\ncontent-length: 2000\r\n\r\n${'x'.repeat(1000)}`;
  return {
    count,
    run: (end) =>
      repeat(end, PAUSE_MS.leavers, async () => {
        const socket = connect({ port: host.port, host: '127.0.0.1' }, () => socket.write(half));
        socket.on('error', ({ message }) => addError(count, message, 1));
        await delay(STAY_MS);
        socket.destroy();
        count.done += 1;
      }),
  };
}

/** Deploys a function anew. */
export function createDeployments(
  host: BenchHost,
  { name, example, isolation }: SteadyCall,
  limits: BenchSettings['limits'] & object,
): TrafficPart {
  const count = newCount(`deployments of ${name}`);
  return {
    count,
    run: async (end) => {
      const bytes = await readFile(example.path);
      await repeat(end, PAUSE_MS.deployments, async () => {
        const code = count.done % NEW_CODE_EVERY === 0 ? withNonce(bytes) : bytes;
        const environment = [['TURN', String(count.done)]] as const;
        await tell(count, host.deployBytes(name, code, { isolation, limits, environment }));
      });
    },
  };
}

/** Has a function evicted. */
export function createEvictions(host: BenchHost, name: string): TrafficPart {
  const count = newCount(`evictions of ${name}`);
  const path = `/v1/functions/${name}/evict`;
  return {
    count,
    run: (end) =>
      repeat(end, PAUSE_MS.evictions, () => tell(count, host.admin.json({ method: 'POST', path }))),
  };
}

/** Counts what was done or what went wrong. */
async function tell(count: TrafficCount, done: Promise<unknown>): Promise<void> {
  try {
    await done;
    count.done += 1;
  } catch (error) {
    addError(count, error instanceof Error ? error.message : String(error), 1);
  }
}

async function repeat(end: AbortSignal, pauseMs: number, act: () => Promise<void>): Promise<void> {
  while (!end.aborted) {
    await act();
    await delay(pauseMs, undefined, { signal: end }).catch(() => {});
  }
}

function addError(count: TrafficCount, what: string, times: number): void {
  count.errors.set(what, (count.errors.get(what) ?? 0) + times);
}

function newCount(name: string): TrafficCount {
  return { name, done: 0, errors: new Map(), latencies: new LatencyHistogram(), mostMs: 0 };
}
