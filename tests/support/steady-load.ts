/** Steady load from a process of its own, and its verdict in numbers: what was sent, answered, lost, and when. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import './plain-spawn.ts';

/** What is to be loaded. */
export interface LoadOrder {
  /** On 127.0.0.1. */
  readonly port: number;
  readonly path: string;
  readonly requestsPerSecond: number;
  /** Kept open; a request waits for a free one. */
  readonly connections: number;
}

/** A request without an answer. */
export interface Failure {
  /** Port of the client's end of the connection; 0 if there was none. */
  readonly port: number;
  /** Code of the error, or what was wrong. */
  readonly reason: string;
  /** When it failed, ms since 1970. */
  readonly atMs: number;
}

/** What came of it. */
export interface LoadVerdict {
  readonly sent: number;
  readonly answered: number;
  /** Number of answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly failures: readonly Failure[];
  /** By text: how many such answers there were, and when the last request was sent that got one, ms since 1970. */
  readonly texts: Readonly<Record<string, { readonly count: number; readonly lastSentMs: number }>>;
  /** Answers in each slot of `SLOT_MS`, from the first to the last. */
  readonly slots: readonly number[];
  readonly longestMs: number;
}

/** Length of a slot, ms. */
export const SLOT_MS = 100;
/** Longer than an answer may take. */
const PATIENCE_MS = 60_000;

const SCRIPT = fileURLToPath(new URL('./steady-load-process.ts', import.meta.url));

/** Load under way. */
export class SteadyLoad {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Starts. Resolves when the first answers have come. It ends with the test. */
  static async start(t: Test, order: LoadOrder): Promise<SteadyLoad> {
    const child = fork(SCRIPT, {
      env: {},
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    t.teardown(() => child.kill('SIGKILL'));
    child.send(order);
    const load = new SteadyLoad(child);
    await load.#next();
    return load;
  }

  /** Waits until so many more answers have come. */
  async answers(count: number): Promise<void> {
    this.#child.send({ answers: count });
    await this.#next();
  }

  /** Sends no more, waits for what is under way, and tells what came of it. */
  async stop(): Promise<LoadVerdict> {
    this.#child.send('stop');
    const verdict = (await this.#next()) as LoadVerdict;
    this.#child.disconnect();
    return verdict;
  }

  /** What it says next. @throws {Error} If it says nothing, or has ended. */
  async #next(): Promise<unknown> {
    const stop = new AbortController();
    const { signal } = stop;
    const timer = setTimeout(() => stop.abort(new Error('the load says nothing')), PATIENCE_MS);
    const onExit = (code: number | null): void => stop.abort(new Error(`the load ended: ${code}`));
    this.#child.once('exit', onExit);
    try {
      const [message] = (await once(this.#child, 'message', { signal })) as [unknown];
      return message;
    } catch (error) {
      throw (signal.reason as Error | undefined) ?? error;
    } finally {
      clearTimeout(timer);
      this.#child.off('exit', onExit);
    }
  }
}

/** The times without a break in which fewer answers came than `perSecond`, ms, the longest first. */
export function timesBelowMs({ slots }: LoadVerdict, perSecond: number): readonly number[] {
  const least = (perSecond * SLOT_MS) / 1000;
  const times: number[] = [];
  let now = 0;
  for (const answers of [...slots, Infinity]) {
    if (answers < least) now += SLOT_MS;
    else if (now > 0) {
      times.push(now);
      now = 0;
    }
  }
  return times.sort((one, other) => other - one);
}
