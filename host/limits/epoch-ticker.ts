/**
 * The epoch memory and the thread that ticks in it. While guests run it ticks each millisecond; after 100 ticks that
 * nobody saw it sleeps, and costs nothing until it is woken. It keeps no process alive.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Closeable } from '../base/closeable.ts';
import { tickUntilClosed, type EpochWords } from './epoch-thread.ts';

const EPOCH: EpochWords = Object.freeze({
  ticked: 0,
  parked: 1,
  closing: 2,
  tickMs: 1,
  idleTicks: 100,
});

/**
 * On Linux a thread has a priority of its own, and a process that may raises the ticker's. It runs for microseconds, but
 * on a machine with more to run than cores the kernel keeps a thread that mostly sleeps waiting, for 10 to 100 ms beside busy ones: meanwhile no guest
 * is interrupted. Elsewhere the same call would mean the whole process.
 */
const HURRY = `
  try {
    if (process.platform === 'linux') require('node:os').setPriority(-20);
  } catch {}`;

/** A ticking memory. */
export class EpochTicker implements Closeable {
  /** Given to guests; see `GuestCpu.epoch`. */
  readonly memory: WebAssembly.Memory;
  readonly #words: Int32Array;
  readonly #worker: Worker;
  #closing: Promise<void> | undefined;

  private constructor(memory: WebAssembly.Memory, words: Int32Array, worker: Worker) {
    this.memory = memory;
    this.#words = words;
    this.#worker = worker;
  }

  /** Starts the thread, and waits until it ticks: about 10 ms. */
  static async open(): Promise<EpochTicker> {
    const memory = createEpochMemory();
    const words = new Int32Array(memory.buffer);
    const source = [
      `const { parentPort, workerData } = require('node:worker_threads');`,
      HURRY,
      `const tick = ${tickUntilClosed.toString()};`,
      `parentPort.postMessage('ticking');`,
      `tick(workerData.words, workerData.epoch);`,
    ].join('\n');
    // Flags of this process (a loader, a profiler) are not for a thread that only waits.
    const worker = new Worker(source, {
      eval: true,
      name: 'epoch',
      workerData: { words, epoch: EPOCH },
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 },
    });
    await once(worker, 'message');
    worker.unref();
    return new EpochTicker(memory, words, worker);
  }

  /** Whether a tick came since the last `clear`. Costs one load. */
  get ticked(): boolean {
    return this.#words[EPOCH.ticked] !== 0;
  }

  /** Waits for the next tick, and wakes the ticker if it sleeps. Costs a store and a load if it does not. Without effect once closed. */
  clear(): void {
    if (this.#closing !== undefined) return;
    this.#words[EPOCH.ticked] = 0;
    if (this.#words[EPOCH.parked] !== 0) this.#wake();
  }

  /** Ends the thread. The tick stays set, so that every check of a guest that still runs calls the host. */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    const ended = once(this.#worker, 'exit');
    this.#worker.ref();
    Atomics.store(this.#words, EPOCH.ticked, 1);
    Atomics.store(this.#words, EPOCH.closing, 1);
    this.#wake();
    await ended;
  }

  #wake(): void {
    Atomics.store(this.#words, EPOCH.parked, 0);
    Atomics.notify(this.#words, EPOCH.parked);
  }
}

/** Shared, because a guest's check and the ticker meet in it; one page, because there is nothing smaller. */
export function createEpochMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
}
