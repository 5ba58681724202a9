/**
 * Watches the main thread of this process from a thread of its own, and kills the process when its event loop stands
 * still: guests are preempted, so then a host call is wedged, an instruction takes too long, or we have a bug, and nothing
 * within the process can mend that. Somebody has to start the process again, so a host of one process has no watchdog.
 *
 * The thread has no right but to connect, and loads no file: it can be started in a process that later drops its rights.
 */
import { once } from 'node:events';
import { url as inspectorUrl } from 'node:inspector';
import { Worker } from 'node:worker_threads';
import type { Closeable } from '../../base/closeable.ts';
import { BOARD, type RunningBoard } from '../../limits/running-board.ts';
import type { Log } from '../../logs/log.ts';
import { StuckDetector } from './stuck-detector.ts';
import { STUCK_METHOD } from './stuck-report.ts';
import { watchUntilStuck, type WatchOrders } from './watch-until-stuck.ts';

/** Looks, and beats, within `watchdogMs`. */
const LOOKS = 8;
/** Longest time between two looks, ms. */
const MAX_PERIOD_MS = 250;
/** How long the supervisor has to take the report before the process is killed, ms. */
const REPORT_MS = 200;

/** What a watchdog is opened with. */
export interface WatchdogParts {
  /** Of the scheduler of this thread. */
  readonly board: RunningBoard;
  /** Time after which an event loop that does not turn is stuck, ms; 100 or more. */
  readonly watchdogMs: number;
  /** Id of this process among the workers: `worker-7`. */
  readonly worker: string;
  /** UNIX socket at which the supervisor takes links. */
  readonly socketPath: string;
  readonly log: Pick<Log, 'error'>;
}

/** The watchdog of this process. */
export class WatchdogThread implements Closeable {
  readonly #thread: Worker;
  readonly #stopBeating: () => void;
  #closing: Promise<void> | undefined;

  private constructor(thread: Worker, stopBeating: () => void) {
    this.#thread = thread;
    this.#stopBeating = stopBeating;
  }

  /**
   * Starts the thread, and waits until it watches: about 20 ms. Called while the process may still make threads.
   *
   * @example
   * const board = new RunningBoard();
   * const scheduler = stack.push(await Scheduler.open({ clock, board }));
   * stack.push(await WatchdogThread.open({ board, watchdogMs, worker, socketPath, log }));
   */
  static async open(parts: WatchdogParts): Promise<WatchdogThread> {
    const { board, watchdogMs, worker, socketPath, log } = parts;
    const periodMs = Math.min(watchdogMs / LOOKS, MAX_PERIOD_MS);
    const orders: WatchOrders = {
      board: board.memory,
      layout: BOARD,
      watchdogMs,
      periodMs,
      reportMs: REPORT_MS,
      socketPath,
      worker,
      method: STUCK_METHOD,
    };
    // Who debugs this process may hold its main thread for as long as he likes.
    const beat = (): void => board.beat(inspectorUrl() !== undefined);
    beat();
    const thread = startThread(orders);
    await once(thread, 'message');
    const timer = setInterval(beat, periodMs).unref();
    thread.unref();
    thread.on('error', (error) => log.error({ err: error }, 'the watchdog has failed'));
    return new WatchdogThread(thread, () => clearInterval(timer));
  }

  /** Ends the watch. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    // In this order: a thread that watched a loop without a beat would kill it.
    await this.#thread.terminate();
    this.#stopBeating();
  }
}

function startThread(orders: WatchOrders): Worker {
  const source = [
    `const { parentPort, workerData } = require('node:worker_threads');`,
    `const net = require('node:net');`,
    `const Detector = ${StuckDetector.toString()};`,
    `const watch = ${watchUntilStuck.toString()};`,
    `watch(workerData, { Detector, net });`,
    `parentPort.postMessage('watching');`,
  ].join('\n');
  return new Worker(source, {
    eval: true,
    name: 'watchdog',
    workerData: orders,
    env: {},
    // Flags of this process are not for it; and of all rights it needs the one to connect, which warns that it is new.
    execArgv: ['--permission', '--allow-net', '--disable-warning=ExperimentalWarning'],
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 },
  });
}
