/**
 * An engine in a process of its own, without a host around it: what an instance and a call cost inside.
 * Started with the path of a component, `native` or `jco`, and the path of an empty directory.
 */
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { systemClock } from '../../host/base/clock.ts';
import { prepareInProcess } from '../../host/deploy/prepare-process.ts';
import type { Instance, Module } from '../../host/engine/engine.ts';
import { createEngines } from '../../host/engine/engines.ts';
import { CpuMeter } from '../../host/limits/cpu-meter.ts';
import { MemoryAccount } from '../../host/limits/memory-account.ts';
import { Scheduler } from '../../host/limits/scheduler.ts';
import { GuestState } from '../../host/wasi/guest-state.ts';
import { HttpExchange } from '../../host/wasi/http/exchange.ts';
import { wasiInterfaces } from '../../host/wasi/interfaces.ts';
import { BufferSource, CollectSink } from '../../host/wasi/memory-bytes.ts';
import { HttpFailure, type HttpResponder } from '../../host/wasi/ports.ts';
import { answerParent } from './answer-parent.ts';

/**
 * `instantiate`: an instance after another one was closed, as in a host; `first-instance`: one after others that are
 * still there, for which everything is made anew.
 */
export type EngineMeasure = 'instantiate' | 'first-instance' | 'call';

/** What the process is asked. */
export type EngineQuestion =
  | { readonly measure: EngineMeasure; readonly samples: number }
  /** Keeps that many more idle instances, each of which has served a request. */
  | { readonly keep: number };

/** What it answers: times in µs, or memory in bytes. */
export type EngineAnswer =
  | { readonly microseconds: readonly number[] }
  | { readonly residentBytes: number };

/** What it says when it is ready. */
export interface EngineReady {
  /** Bytes of the code that was generated for the component. */
  readonly generatedBytes: number;
}

interface Live {
  readonly guest: GuestState;
  readonly instance: Instance;
}

const EMPTY = new Uint8Array(0);
const MEMORY_BYTES = 128 * 2 ** 20;
const [artifactPath = '', engine = 'native', scratchPath = ''] = process.argv.slice(2);

const prepared = await prepareInProcess(
  {
    artifactPath,
    scratchPath,
    memoryBytes: MEMORY_BYTES,
    maxImports: 2000,
    engine: engine === 'jco' ? 'jco' : 'native',
  },
  { timeoutMs: 60_000, memoryBytes: 2 ** 31 },
  () => {},
  new AbortController().signal,
);
const files = new Map(prepared.files.map(({ name, bytes }) => [name, bytes]));
const module: Module = await createEngines(wasiInterfaces).load({
  manifest: prepared.manifest,
  files,
});
const scheduler = await Scheduler.open({ clock: systemClock });
const share = scheduler.share('measured');
const kept: Live[] = [];

answerParent(
  { generatedBytes: files.get(prepared.manifest.glue)?.byteLength ?? 0 } satisfies EngineReady,
  (question: EngineQuestion) => answer(question),
  () => scheduler.close(),
);

async function answer(question: EngineQuestion): Promise<EngineAnswer> {
  if ('keep' in question) {
    for (let left = question.keep; left > 0; left -= 1) {
      const live = await createLive();
      await serve(live);
      kept.push(live);
    }
    // Twice: what the first collection frees may hold what the second one can.
    globalThis.gc?.();
    globalThis.gc?.();
    return { residentBytes: proportionalBytes() };
  }
  const sample = await samplerOf(question.measure);
  const microseconds: number[] = [];
  for (let left = question.samples; left > 0; left -= 1) microseconds.push(await sample());
  return { microseconds };
}

async function samplerOf(measure: EngineMeasure): Promise<() => Promise<number>> {
  if (measure === 'call') return await callSampler();
  return () => instantiateOnce(measure === 'instantiate');
}

async function instantiateOnce(closes: boolean): Promise<number> {
  const guest = createGuest();
  const account = new MemoryAccount(MEMORY_BYTES);
  const startedMs = performance.now();
  const instance = await module.instantiate(guest, account, createMeter(guest));
  const microseconds = (performance.now() - startedMs) * 1000;
  guest.finish();
  if (closes) await instance.close();
  return microseconds;
}

/** Calls one ready instance again and again; only the engine's call is timed. */
async function callSampler(): Promise<() => Promise<number>> {
  const live = await createLive();
  return () => serve(live);
}

async function createLive(): Promise<Live> {
  const guest = createGuest();
  const instance = await module.instantiate(
    guest,
    new MemoryAccount(MEMORY_BYTES),
    createMeter(guest),
  );
  return { guest, instance };
}

async function serve({ guest, instance }: Live): Promise<number> {
  const body = new CollectSink({ limitBytes: 65_536, beyond: 'fail' });
  const responder: HttpResponder = { begin: () => body, end: () => {}, abort: () => {} };
  const exchange = new HttpExchange(guest, REQUEST, responder, { responseBodyBytes: 65_536 });
  const startedMs = performance.now();
  await instance.call([exchange.incomingRequest, exchange.responseOutparam]);
  const microseconds = (performance.now() - startedMs) * 1000;
  const { kind } = await exchange.finishAfterReturn();
  if (kind !== 'complete') throw new Error(`Cannot measure a call that ends with ${kind}`);
  guest.finish();
  return microseconds;
}

function createMeter(guest: GuestState): CpuMeter {
  const meter = new CpuMeter(scheduler, share);
  meter.begin({ cpuMs: Infinity }, guest);
  return meter;
}

function createGuest(): GuestState {
  const dropped = new CollectSink({ limitBytes: 0, beyond: 'discard' });
  return new GuestState(systemClock, {
    arguments: [],
    environment: [],
    stdin: new BufferSource(EMPTY),
    stdout: dropped,
    stderr: dropped,
    preopens: [],
    outgoingHttp: {
      send: () => {
        throw new HttpFailure({ tag: 'HTTP-request-denied' });
      },
    },
  });
}

/** Proportional resident memory where the system tells it: shared pages count once. */
function proportionalBytes(): number {
  if (process.platform !== 'linux') return process.memoryUsage.rss();
  const text = readFileSync('/proc/self/smaps_rollup', 'utf8');
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1]) * 1024;
}

const REQUEST = {
  method: 'GET',
  scheme: 'http' as const,
  authority: 'localhost',
  pathWithQuery: '/',
  headers: [],
  body: new BufferSource(EMPTY),
  trailers: () => Promise.resolve(undefined),
};
