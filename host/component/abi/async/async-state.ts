/**
 * What one component instance has for the asynchronous ABI: its tasks, and the table of what they can wait for. The
 * built-in functions that emitted code makes call its methods.
 *
 * Guest code of one task at a time runs in it, from its call or callback to where that returns; what was suspended
 * meanwhile is still under way. Events are delivered in the guest's turn, because that may run code of it.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md
 */
import type { ByteStream, CancellablePromise } from '../../byte-stream.ts';
import { createEnding } from '../../ending.ts';
import type { ComponentState } from '../component-state.ts';
import type { GuestMemory } from '../guest-memory.ts';
import { breakRule, toEnding } from '../rule.ts';
import { BLOCKED, Copy, CopyEnd, MAX_ELEMENTS } from './copy.ts';
import {
  FutureCopy,
  FutureEnd,
  GuestFuture,
  HostFuture,
  type LiftValue,
  type LowerValue,
} from './future.ts';
import { GuestStream, HostStream } from './stream.ts';
import { Subtask, SUBTASK, type LowerOutcome } from './subtask.ts';
import { CALLBACK, Task, type TaskParts } from './task.ts';
import { EVENT, NO_EVENT, Waitable, WaitableSet, type WaitableEvent } from './waitable.ts';

/** Streams, futures, calls and sets that one component instance may hold; real guests hold a few dozen. */
export const MAX_WAITABLES = 10_000;

/** Tasks that one component instance may have at a time. */
export const MAX_TASKS = 1000;

const LEFT_OPEN = 'the guest returned and left a stream open';

/** State of the asynchronous ABI of one component instance. */
export class AsyncState {
  readonly #state: ComponentState;
  readonly #table: (Waitable | WaitableSet | undefined)[] = [undefined];
  readonly #free: number[] = [];
  readonly #tasks = new Set<Task>();
  /** Tasks that go on, and those that have not begun, when the one that runs has returned. */
  #waiting: (() => void)[] = [];
  #unbegun: (() => void)[] = [];
  /** The task whose code is under way. */
  #running: Task | undefined;
  #backpressure = 0;
  /** Streams that the guest writes and the host may read. */
  readonly #written = new Set<GuestStream>();
  /** What the host has of a readable end: the stream or promise behind it. */
  readonly #hostSides = new WeakMap<object, ByteStream | GuestFuture | Promise<unknown>>();
  /** What suspended built-ins are rejected with when the instance ends. */
  readonly #suspended = new Set<(ending: unknown) => void>();

  constructor(state: ComponentState) {
    this.#state = state;
    state.async = this;
  }

  /** Whether no task is under way. */
  get isIdle(): boolean {
    return this.#tasks.size === 0;
  }

  /** Whether it holds nothing at all. */
  get isEmpty(): boolean {
    return this.#table.length - 1 === this.#free.length;
  }

  /** `context.get` and `context.set`: what the task that runs keeps for itself. */
  get context(): number {
    return this.#running?.context ?? 0;
  }
  set context(value: number) {
    if (this.#running !== undefined) this.#running.context = value;
  }

  // Tasks.

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
  taskReturn(type: number, value: unknown): void {
    const task = this.#running;
    if (task === undefined) return breakRule('task.return was called outside of a task');
    if (task.outcome !== undefined) breakRule('a task returned twice');
    if (task.parts.resultType !== type) breakRule('a task returned another type than its function');
    task.outcome = { value };
    task.parts.onReturn?.(value);
    return undefined;
  }

  /** `task.cancel`: answers a cancellation, and the host never asks for one. */
  taskCancel(): void {
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

  /** `thread.yield`: others run first. */
  yield(): Promise<unknown> {
    return this.#suspend(afterPoll(), () => 0);
  }

  // Sets of waitables.

  /** `waitable-set.new`. */
  setNew(): number {
    return this.#add(new WaitableSet());
  }

  /** `waitable-set.drop`. */
  setDrop(handle: number): void {
    this.#set(handle).drop();
    this.#remove(handle);
  }

  /** `waitable.join`. @param set 0: leaves the set it is in. */
  join(handle: number, set: number): void {
    this.#waitable(handle).join(set === 0 ? undefined : this.#set(set));
  }

  /** `waitable-set.poll`. */
  setPoll(handle: number, memory: GuestMemory, pointer: number): number {
    return storeEvent(this.#set(handle).take(), memory, pointer);
  }

  /** `waitable-set.wait`. */
  setWait(handle: number, memory: GuestMemory, pointer: number): number | Promise<unknown> {
    const set = this.#set(handle);
    if (set.hasEvent) return storeEvent(set.take(), memory, pointer);
    return this.#suspend(set.untilEvent(), () => storeEvent(set.take(), memory, pointer));
  }

  // Calls of host functions.

  /** A host function did not return at once. @returns The state and handle of the call. */
  startCall(call: CancellablePromise<unknown>, lower: LowerOutcome): number {
    return SUBTASK.started | (this.#add(new Subtask(call, lower)) << 4);
  }

  /** `subtask.cancel`. */
  callCancel(handle: number): number {
    return this.#subtask(handle).cancel();
  }

  /** `subtask.drop`. */
  callDrop(handle: number): void {
    this.#drop(handle, this.#subtask(handle));
  }

  // Streams.

  /** `stream.new`: both ends, the readable one in the lower half. */
  streamNew(type: number): bigint {
    const stream = new GuestStream((written) => this.#written.delete(written));
    this.#written.add(stream);
    const reader = new CopyEnd(type, stream.reader, EVENT.streamRead);
    return this.#addPair(reader, new CopyEnd(type, stream.writer, EVENT.streamWrite), stream);
  }

  /** `stream.read`. */
  streamRead(
    handle: number,
    type: number,
    memory: GuestMemory,
    pointer: number,
    length: number,
    bytesEach: number,
  ): number {
    const end = this.#end(handle, type, EVENT.streamRead);
    return end.begin(copyOf(memory, pointer, length, bytesEach, true));
  }

  /** `stream.write`. */
  streamWrite(
    handle: number,
    type: number,
    memory: GuestMemory,
    pointer: number,
    length: number,
    bytesEach: number,
  ): number {
    const end = this.#end(handle, type, EVENT.streamWrite);
    return end.begin(copyOf(memory, pointer, length, bytesEach, false));
  }

  /** Lifts `stream<u8>`: the readable end goes to the host. */
  liftStream(handle: number, type: number): ByteStream {
    const end = this.#end(handle, type, EVENT.streamRead);
    const stream = this.#hostSides.get(end);
    if (end.isBusy || stream === undefined) breakRule('a stream was given away while it is read');
    this.#takeOut(handle, end);
    return stream as ByteStream;
  }

  /** Lowers `stream<u8>`. */
  lowerStream(source: unknown, type: number): number {
    const stream = new HostStream(source as ByteStream, (error) => this.#failAll(error));
    const end = new CopyEnd(type, stream, EVENT.streamRead);
    this.#hostSides.set(end, source as ByteStream);
    return this.#add(end);
  }

  // Futures.

  /** `future.new`. */
  futureNew(type: number): bigint {
    const future = new GuestFuture();
    const reader = new FutureEnd(type, future.reader, 'read');
    return this.#addPair(reader, new FutureEnd(type, future.writer, 'write'), future);
  }

  /** `future.read`. */
  futureRead(
    handle: number,
    type: number,
    memory: GuestMemory,
    pointer: number,
    bytes: number,
    align: number,
    lower: LowerValue | undefined,
    isPlain: boolean,
  ): number {
    const end = this.#end(handle, type, EVENT.futureRead);
    const start = bytes === 0 ? 0 : memory.claim(pointer, bytes, align);
    return end.begin(
      new FutureCopy(memory, start, bytes, isPlain, lower === undefined ? {} : { lower }),
    );
  }

  /** `future.write`. */
  futureWrite(
    handle: number,
    type: number,
    memory: GuestMemory,
    pointer: number,
    bytes: number,
    align: number,
    lift: LiftValue | undefined,
    isPlain: boolean,
  ): number {
    const end = this.#end(handle, type, EVENT.futureWrite);
    const start = bytes === 0 ? 0 : memory.check(pointer, bytes, align);
    return end.begin(
      new FutureCopy(memory, start, bytes, isPlain, lift === undefined ? {} : { lift }),
    );
  }

  /** Lifts a future: a promise that never rejects by the guest's doing. */
  liftFuture(handle: number, type: number): Promise<unknown> {
    const end = this.#end(handle, type, EVENT.futureRead);
    const future = this.#hostSides.get(end);
    if (end.isBusy) breakRule('a future was given away while it is read');
    this.#takeOut(handle, end);
    return future instanceof GuestFuture ? future.take() : (future as Promise<unknown>);
  }

  /** Lowers a future that the host gives as a promise. */
  lowerFuture(promise: unknown, type: number): number {
    const future = new HostFuture(promise as Promise<unknown>, (error) => this.#failAll(error));
    const end = new FutureEnd(type, future, 'read');
    this.#hostSides.set(end, promise as Promise<unknown>);
    return this.#add(end);
  }

  // Both.

  /** `cancel-read` and `cancel-write`. @param event Which of the two, and of what. */
  cancel(handle: number, type: number, event: number): number {
    return this.#end(handle, type, event).cancel() | 0;
  }

  /** `drop-readable` and `drop-writable`. */
  drop(handle: number, type: number, event: number): void {
    this.#drop(handle, this.#end(handle, type, event));
  }

  /** The rest of a read or write that is to be done before its built-in returns. */
  finish(handle: number, begun: number): number | Promise<unknown> {
    if (begun !== BLOCKED) return begun;
    const end = this.#waitable(handle);
    const own = new WaitableSet();
    end.join(own);
    return this.#suspend(own.untilEvent(), () => {
      const [, , payload] = own.take();
      end.join(undefined);
      return payload | 0;
    });
  }

  // The end of it.

  /** Whatever is under way is given up, and nothing is held any more. */
  clear(): void {
    const ending = createEnding({ kind: 'closing' });
    for (const reject of this.#suspended) reject(ending);
    this.#suspended.clear();
    for (const task of this.#tasks) task.settled.reject(ending);
    this.#tasks.clear();
    this.#waiting = [];
    this.#unbegun = [];
    this.#running = undefined;
    this.#backpressure = 0;
    for (const stream of this.#written) stream.fail(new Error(LEFT_OPEN));
    this.#written.clear();
    const held = this.#table.splice(1);
    this.#free.length = 0;
    for (const one of held) if (one instanceof Waitable) one.abandon();
  }

  #start(task: Task): void {
    this.#running = task;
    const { run } = this.#state.instance;
    run.enter();
    try {
      this.#follow(task, task.parts.start());
    } catch (error) {
      this.#failAll(error);
    } finally {
      run.leave();
    }
  }

  #follow(task: Task, answer: Promise<number>): void {
    answer.then(
      (packed) => this.#goOn(task, packed),
      (error: unknown) => this.#failAll(error),
    );
  }

  /** Its code has returned. */
  #goOn(task: Task, packed: number): void {
    if (!this.#tasks.has(task)) return;
    try {
      const code = packed & 0xf;
      if (code === CALLBACK.exit) this.#exit(task);
      else if (code === CALLBACK.yield) this.#waitFor(task, afterPoll(), () => NO_EVENT);
      else if (code === CALLBACK.wait) {
        const set = this.#set(packed >>> 4);
        this.#waitFor(task, set.untilEvent(), () => set.take());
      } else breakRule(`a callback answered with ${code}`);
      this.#running = undefined;
      this.#startNext();
    } catch (error) {
      this.#failAll(error);
    }
  }

  #waitFor(task: Task, something: Promise<void>, take: () => WaitableEvent): void {
    // Neither a set nor a turn of the event loop rejects.
    void something.then(() => {
      const goOn = (): void => this.#inTurn(task, () => this.#callBack(task, take));
      if (this.#running === undefined) goOn();
      else this.#waiting.push(goOn);
    });
  }

  /** Runs code of a task when it is the guest's turn; no other task of the instance runs from now on. */
  #inTurn(task: Task, work: () => void): void {
    if (!this.#tasks.has(task)) return;
    this.#running = task;
    this.#state.instance.run.resume(work, (ending) => this.#failAll(ending));
  }

  #callBack(task: Task, take: () => WaitableEvent): void {
    if (!this.#tasks.has(task)) return;
    try {
      const [code, handle, payload] = take();
      this.#follow(task, task.parts.callback(code, handle, payload | 0));
    } catch (error) {
      this.#failAll(error);
    }
  }

  #exit(task: Task): void {
    const { outcome } = task;
    if (outcome === undefined) return breakRule('a task ended without a result');
    this.#tasks.delete(task);
    if (this.#tasks.size === 0) {
      for (const stream of this.#written) stream.fail(new Error(LEFT_OPEN));
      this.#written.clear();
    }
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

  /** A trap ends all tasks of the instance. */
  #failAll(error: unknown): void {
    if (this.#tasks.size === 0) return;
    const ending = this.#state.instance.fail(error);
    const tasks = [...this.#tasks];
    this.#tasks.clear();
    for (const task of tasks) task.settled.reject(ending);
  }

  /** Suspends the guest in a built-in until something happened and it is its turn. */
  #suspend(something: Promise<void>, then: () => unknown): Promise<unknown> {
    const ended = Promise.withResolvers<never>();
    this.#suspended.add(ended.reject);
    const either = Promise.race([something, ended.promise]);
    const forget = (): void => {
      this.#suspended.delete(ended.reject);
    };
    return this.#state.instance.wait(
      either,
      () => {
        forget();
        return then();
      },
      (error) => {
        forget();
        throw toEnding(error);
      },
    );
  }

  #add(one: Waitable | WaitableSet): number {
    const handle = this.#free.pop() ?? this.#table.length;
    if (handle > MAX_WAITABLES) {
      breakRule(`it holds more than ${MAX_WAITABLES} streams, futures, calls and sets`);
    }
    this.#table[handle] = one;
    if (one instanceof Waitable) one.handle = handle;
    return handle;
  }

  #addPair(reader: Waitable, writer: Waitable, hostSide: GuestStream | GuestFuture): bigint {
    this.#hostSides.set(reader, hostSide);
    const readable = BigInt(this.#add(reader));
    return readable | (BigInt(this.#add(writer)) << 32n);
  }

  #remove(handle: number): void {
    this.#table[handle] = undefined;
    this.#free.push(handle);
  }

  #takeOut(handle: number, one: Waitable): void {
    one.join(undefined);
    this.#remove(handle);
  }

  #drop(handle: number, one: Waitable): void {
    one.drop();
    this.#takeOut(handle, one);
  }

  #waitable(handle: number): Waitable {
    const found = this.#table[handle];
    return found instanceof Waitable ? found : refuse(handle);
  }

  #set(handle: number): WaitableSet {
    const found = this.#table[handle];
    return found instanceof WaitableSet ? found : refuse(handle);
  }

  #subtask(handle: number): Subtask {
    const found = this.#table[handle];
    return found instanceof Subtask ? found : refuse(handle);
  }

  #end(handle: number, type: number, event: number): CopyEnd<Copy> & CopyEnd<FutureCopy> {
    const found = this.#table[handle];
    if (!(found instanceof CopyEnd) || found.type !== type || found.event !== event) {
      return refuse(handle);
    }
    return found as CopyEnd<Copy> & CopyEnd<FutureCopy>;
  }
}

function copyOf(
  memory: GuestMemory,
  pointer: number,
  length: number,
  bytesEach: number,
  isRead: boolean,
): Copy {
  const count = length >>> 0;
  if (count > MAX_ELEMENTS) breakRule(`a read or write of ${count} elements is too long`);
  const bytes = count * bytesEach;
  if (bytes === 0) return new Copy(memory, 0, count, bytesEach);
  const start = isRead
    ? memory.claim(pointer, bytes, bytesEach)
    : memory.check(pointer, bytes, bytesEach);
  return new Copy(memory, start, count, bytesEach);
}

function storeEvent(
  [code, handle, payload]: WaitableEvent,
  memory: GuestMemory,
  pointer: number,
): number {
  memory.begin();
  const start = memory.claim(pointer, 8, 4);
  memory.view.setUint32(start, handle, true);
  memory.view.setUint32(start + 4, payload, true);
  return code;
}

/** When the event loop has looked for what came. */
function afterPoll(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function refuse(handle: number): never {
  return breakRule(
    `${handle >>> 0} is not a stream, future, call or set of the kind expected here`,
  );
}
