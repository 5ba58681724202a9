/**
 * A process that a benchmark starts: what is measured and what measures do not share a thread, a heap or a
 * garbage collector. It answers one question at a time, and ends with its parent.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Closeable } from '../../host/base/closeable.ts';
import type { ChildMessage } from './answer-parent.ts';

/** How a child is started. */
export interface ChildOptions {
  readonly args?: readonly string[];
  /** Flags of Node and V8. */
  readonly nodeFlags?: readonly string[];
}

/** How long a child may take to end by itself, ms. */
const CLOSE_MS = 15_000;

/** The parent's side of a child. */
export class Child<Ready, Question, Answer> implements Closeable {
  /** What the child said when it was ready. */
  readonly ready: Ready;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, ready: Ready) {
    this.#process = process;
    this.ready = ready;
  }

  /**
   * Starts a script that calls `answerParent`.
   *
   * @throws {Error} If it ends before it is ready.
   */
  static async start<Ready, Question, Answer>(
    script: URL,
    { args = [], nodeFlags = [] }: ChildOptions = {},
  ): Promise<Child<Ready, Question, Answer>> {
    const child = fork(fileURLToPath(script), [...args], {
      execArgv: [...nodeFlags],
      // Flags of the surroundings would change what is measured.
      env: { ...process.env, NODE_OPTIONS: '' },
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    return new Child<Ready, Question, Answer>(
      child,
      await nextMessage<Ready>(child, script.pathname),
    );
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Asks, and waits for the answer. */
  async ask(question: Question): Promise<Answer> {
    const answer = nextMessage<Answer>(this.#process, 'the child');
    // A Node channel takes any structured-clonable value; its type knows JSON only.
    this.#process.send(question as object);
    return answer;
  }

  async close(): Promise<void> {
    const child = this.#process;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    if (child.connected) child.disconnect();
    const timer = setTimeout(() => child.kill('SIGKILL'), CLOSE_MS);
    await exited;
    clearTimeout(timer);
  }
}

async function nextMessage<T>(child: ChildProcess, name: string): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const onMessage = (message: ChildMessage): void => {
    if ('failure' in message) reject(new Error(message.failure));
    else resolve(message.value as T);
  };
  const onExit = (code: number | null, signal: string | null): void =>
    reject(new Error(`Cannot go on with ${name}: it ended with ${signal ?? `code ${code}`}`));
  child.once('message', onMessage).once('exit', onExit).once('error', reject);
  try {
    return await promise;
  } finally {
    child.off('message', onMessage).off('exit', onExit).off('error', reject);
  }
}
