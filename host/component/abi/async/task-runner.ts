/**
 * Runs the tasks of one component instance.
 *
 * Guest code of one task at a time runs in it, from its call or callback to where that returns; what was suspended
 * meanwhile is still under way. Events are delivered in the guest's turn, because that may run code of it. Where the
 * tasks have callers of their own, the instance acts for that of the task whose code is under way.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#task-state
 */
import { createEnding } from '../../ending.ts';
import type { InstanceState } from '../instance-state.ts';
import { breakRule } from '../rule.ts';
import { isEnded } from './future.ts';
import { CALLBACK, Task, type TaskControl, type TaskParts } from './task.ts';
import { NO_EVENT, TASK_CANCELLED, type WaitableEvent, type WaitableSet } from './waitable.ts';

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
  #unbegun: Task[] = [];
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

  /** The task whose code is under way, if any is. */
  get running(): Task | undefined {
    return this.#running;
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
    if (parts.caller !== undefined) parts.caller.control = this.#controlOf(task);
    if (this.#running === undefined && this.#backpressure === 0) this.#start(task);
    else this.#unbegun.push(task);
    return task.settled.promise.then(valueOf);
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

  /** `task.cancel`: the guest agrees to a cancellation. */
  cancel(): void {
    const task = this.#running;
    if (task?.cancellation !== 'told')
      return breakRule('task.cancel was called by a task that was not cancelled');
    if (task.outcome !== undefined) breakRule('a task was cancelled after it returned');
    task.outcome = 'cancelled';
    return undefined;
  }

  /** `backpressure.inc` and `.dec`. */
  backpressure(change: 1 | -1): void {
    this.#backpressure += change;
    if (this.#backpressure < 0 || this.#backpressure > 65_535) {
      breakRule('backpressure is counted up to 65535 and not below 0');
    }
    if (this.#backpressure === 0) this.#startNext();
  }

  /**
   * A trap ends all tasks of the instance.
   *
   * @param culprit Whose trap it is; the others are told that they are lost with it. Undefined: nobody knows.
   */
  fail(error: unknown, culprit: Task | undefined = this.#running): void {
    if (this.#tasks.size === 0) return;
    const ending = this.#instance.fail(error);
    const tasks = [...this.#tasks];
    this.#tasks.clear();
    for (const task of tasks) {
      const isCulprit = culprit === undefined || task === culprit;
      task.settled.reject(isCulprit ? ending : createEnding({ kind: 'instance_lost' }));
    }
  }

  /**
   * For what is read on behalf of the task that runs now: who is told if the guest is ended by it. What fails because
   * the caller of one task has gone is no trap where other tasks have callers of their own.
   */
  failOf(): (error: unknown) => void {
    const task = this.#running;
    return (error) => {
      if (task?.parts.caller !== undefined && isEnded(error)) return;
      this.fail(error, task);
    };
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

  #controlOf(task: Task): TaskControl {
    const tasks = this.#tasks;
    const instance = this.#instance;
    const isRunning = (): boolean => this.#running === task;
    return {
      get isOver() {
        return !tasks.has(task);
      },
      get hasReturned() {
        return task.outcome !== undefined;
      },
      get isLost() {
        return instance.ended;
      },
      get isInTheWay() {
        return isRunning();
      },
      cancel: (isTold) => this.#cancel(task, isTold),
      park: () => {
        task.isParked = true;
      },
      abort: () => this.fail(createEnding({ kind: 'cancelled' }), task),
    };
  }

  #cancel(task: Task, isTold: boolean): void {
    if (!this.#tasks.has(task)) return;
    if (!task.hasBegun) {
      this.#unbegun = this.#unbegun.filter((one) => one !== task);
      this.#end(task, 'cancelled');
    } else if (isTold && task.outcome === undefined && task.cancellation === 'none') {
      task.cancellation = 'asked';
      task.interrupt?.();
    }
  }

  /** Its code is under way from now on. */
  #occupy(task: Task): void {
    this.#running = task;
    const { caller } = task.parts;
    if (caller !== undefined) this.#instance.actFor(caller);
  }

  #start(task: Task): void {
    task.hasBegun = true;
    this.#occupy(task);
    const { run } = this.#instance;
    run.enter();
    try {
      this.#follow(task, task.parts.start());
    } catch (error) {
      this.fail(error, task);
    } finally {
      run.leave();
    }
  }

  #follow(task: Task, answer: Promise<number>): void {
    answer.then(
      (packed) => this.#goOn(task, packed),
      (error: unknown) => this.fail(error, task),
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
        this.#waitFor(task, set.untilEvent(), () => set.take(), set);
      } else breakRule(`a callback answered with ${code}`);
      this.#running = undefined;
      if (task.cancellation === 'asked') task.interrupt?.();
      this.#startNext();
    } catch (error) {
      this.fail(error, task);
    }
  }

  #waitFor(
    task: Task,
    something: Promise<void>,
    take: () => WaitableEvent,
    set?: WaitableSet,
  ): void {
    const wake = (taken: () => WaitableEvent): void => {
      if (task.isParked) return;
      const goOn = (): void => this.#inTurn(task, () => this.#callBack(task, taken));
      if (this.#running === undefined) goOn();
      else this.#waiting.push(goOn);
    };
    if (task.parts.caller === undefined) {
      something.then(
        () => wake(take),
        (ending: unknown) => this.fail(ending, task),
      );
      return;
    }
    const interrupt = (): void => {
      task.interrupt = undefined;
      set?.giveUpWaiting();
      wake(() => tellCancelled(task));
    };
    task.interrupt = interrupt;
    something.then(
      () => {
        if (task.interrupt !== interrupt) return;
        task.interrupt = undefined;
        wake(take);
      },
      (ending: unknown) => {
        if (!task.isParked) this.fail(ending, task);
      },
    );
  }

  /** Runs code of a task when it is the guest's turn; no other task of the instance runs from now on. */
  #inTurn(task: Task, work: () => void): void {
    if (!this.#tasks.has(task) || task.isParked) return;
    this.#occupy(task);
    this.#instance.run.resume(work, (ending) => this.fail(ending, task));
  }

  #callBack(task: Task, take: () => WaitableEvent): void {
    if (!this.#tasks.has(task)) return;
    try {
      const [code, handle, payload] = take();
      this.#follow(task, task.parts.callback(code, handle, payload | 0));
    } catch (error) {
      this.fail(error, task);
    }
  }

  #exit(task: Task): void {
    const { outcome } = task;
    if (outcome === undefined) return breakRule('a task ended without a result');
    this.#end(task, outcome);
    return undefined;
  }

  #end(task: Task, outcome: NonNullable<Task['outcome']>): void {
    this.#tasks.delete(task);
    if (this.#tasks.size === 0) this.#parts.onIdle();
    task.settled.resolve(outcome);
  }

  #startNext(): void {
    while (this.#running === undefined) {
      const next = this.#waiting.shift();
      if (next !== undefined) {
        next();
        continue;
      }
      const task = this.#backpressure === 0 ? this.#unbegun.shift() : undefined;
      if (task === undefined) return;
      // Its code counts as under way from here on: it cannot be taken back any more.
      task.hasBegun = true;
      this.#inTurn(task, () => this.#start(task));
    }
  }
}

function tellCancelled(task: Task): WaitableEvent {
  task.cancellation = 'told';
  return TASK_CANCELLED;
}

function valueOf(outcome: NonNullable<Task['outcome']>): unknown {
  if (outcome === 'cancelled') throw createEnding({ kind: 'cancelled' });
  return outcome.value;
}
