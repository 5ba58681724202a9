/**
 * Runs the tasks of one component instance.
 *
 * Guest code of one task at a time runs in it, from its call or callback to where that returns; what was suspended
 * meanwhile is still under way. Events are delivered in the guest's turn, because that may run code of it.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#task-state
 */
import type { InstanceState } from '../instance-state.ts';
import { breakRule } from '../rule.ts';
import { CALLBACK, Task, type TaskParts } from './task.ts';
import { NO_EVENT, type WaitableEvent, type WaitableSet } from './waitable.ts';

/** Tasks that one component instance may have at a time. */
export const MAX_TASKS = 1000;

/** What tasks need of the component instance. */
export interface TaskRunnerParts {
  /** The set of a handle; breaks a rule if it is none. */
  readonly setOf: (handle: number) => WaitableSet;
  /** Told when no task is left. */
  readonly onIdle: () => void;
}

/** The tasks of a component instance. */
export class TaskRunner {
  readonly #instance: InstanceState;
  readonly #parts: TaskRunnerParts;
  readonly #tasks = new Set<Task>();
  /** Tasks that go on, and those that have not begun, when the one that runs has returned. */
  #waiting: (() => void)[] = [];
  #unbegun: (() => void)[] = [];
  /** The task whose code is under way. */
  #running: Task | undefined;
  #backpressure = 0;

  constructor(instance: InstanceState, parts: TaskRunnerParts) {
    this.#instance = instance;
    this.#parts = parts;
  }

  /** Whether no task is under way. */
  get isIdle(): boolean {
    return this.#tasks.size === 0;
  }

  /** `context.get` and `context.set`: what the task that runs keeps for itself. */
  get context(): number {
    return this.#running?.context ?? 0;
  }
  set context(value: number) {
    if (this.#running !== undefined) this.#running.context = value;
  }

  /**
   * Calls an exported function.
   *
   * @returns What it returned, when all of its task is done. Rejects with what ended it.
   */
  run(parts: TaskParts): Promise<unknown> {
    if (this.#tasks.size >= MAX_TASKS) breakRule(`more than ${MAX_TASKS} calls are under way`);
    const task = new Task(parts);
    this.#tasks.add(task);
    if (this.#running === undefined && this.#backpressure === 0) this.#start(task);
    else this.#unbegun.push(() => this.#inTurn(task, () => this.#start(task)));
    return task.settled.promise.then(({ value }) => value);
  }

  /** `task.return`. @param type Of the result; -1 if there is none. */
  return(type: number, value: unknown): void {
    const task = this.#running;
    if (task === undefined) return breakRule('task.return was called outside of a task');
    if (task.outcome !== undefined) breakRule('a task returned twice');
    if (task.parts.resultType !== type) breakRule('a task returned another type than its function');
    task.outcome = { value };
    task.parts.onReturn?.(value);
    return undefined;
  }

  /** `task.cancel`: answers a cancellation, and the host never asks for one. */
  cancel(): void {
    breakRule('task.cancel was called by a task that was not cancelled');
  }

  /** `backpressure.inc` and `.dec`. */
  backpressure(change: 1 | -1): void {
    this.#backpressure += change;
    if (this.#backpressure < 0 || this.#backpressure > 65_535) {
      breakRule('backpressure is counted up to 65535 and not below 0');
    }
    if (this.#backpressure === 0) this.#startNext();
  }

  /** A trap ends all tasks of the instance. */
  fail(error: unknown): void {
    if (this.#tasks.size === 0) return;
    const ending = this.#instance.fail(error);
    const tasks = [...this.#tasks];
    this.#tasks.clear();
    for (const task of tasks) task.settled.reject(ending);
  }

  /** Whatever is under way is given up. */
  clear(ending: unknown): void {
    for (const task of this.#tasks) task.settled.reject(ending);
    this.#tasks.clear();
    this.#waiting = [];
    this.#unbegun = [];
    this.#running = undefined;
    this.#backpressure = 0;
  }

  #start(task: Task): void {
    this.#running = task;
    const { run } = this.#instance;
    run.enter();
    try {
      this.#follow(task, task.parts.start());
    } catch (error) {
      this.fail(error);
    } finally {
      run.leave();
    }
  }

  #follow(task: Task, answer: Promise<number>): void {
    answer.then(
      (packed) => this.#goOn(task, packed),
      (error: unknown) => this.fail(error),
    );
  }

  /** Its code has returned. */
  #goOn(task: Task, packed: number): void {
    if (!this.#tasks.has(task)) return;
    try {
      const code = packed & 0xf;
      if (code === CALLBACK.exit) this.#exit(task);
      else if (code === CALLBACK.yield)
        this.#waitFor(task, this.#instance.run.yield(), () => NO_EVENT);
      else if (code === CALLBACK.wait) {
        const set = this.#parts.setOf(packed >>> 4);
        this.#waitFor(task, set.untilEvent(), () => set.take());
      } else breakRule(`a callback answered with ${code}`);
      this.#running = undefined;
      this.#startNext();
    } catch (error) {
      this.fail(error);
    }
  }

  #waitFor(task: Task, something: Promise<void>, take: () => WaitableEvent): void {
    const goOn = (): void => this.#inTurn(task, () => this.#callBack(task, take));
    const wake = (): void => {
      if (this.#running === undefined) goOn();
      else this.#waiting.push(goOn);
    };
    something.then(wake, (ending: unknown) => this.fail(ending));
  }

  /** Runs code of a task when it is the guest's turn; no other task of the instance runs from now on. */
  #inTurn(task: Task, work: () => void): void {
    if (!this.#tasks.has(task)) return;
    this.#running = task;
    this.#instance.run.resume(work, (ending) => this.fail(ending));
  }

  #callBack(task: Task, take: () => WaitableEvent): void {
    if (!this.#tasks.has(task)) return;
    try {
      const [code, handle, payload] = take();
      this.#follow(task, task.parts.callback(code, handle, payload | 0));
    } catch (error) {
      this.fail(error);
    }
  }

  #exit(task: Task): void {
    const { outcome } = task;
    if (outcome === undefined) return breakRule('a task ended without a result');
    this.#tasks.delete(task);
    if (this.#tasks.size === 0) this.#parts.onIdle();
    task.settled.resolve(outcome);
    return undefined;
  }

  #startNext(): void {
    while (this.#running === undefined) {
      const next =
        this.#waiting.shift() ?? (this.#backpressure === 0 ? this.#unbegun.shift() : undefined);
      if (next === undefined) return;
      next();
    }
  }
}
