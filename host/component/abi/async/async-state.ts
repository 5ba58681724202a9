/**
 * What one component instance has for the asynchronous ABI: its tasks, and the table of what they can wait for. The
 * built-in functions that emitted code makes call its methods.
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
import { TaskRunner } from './task-runner.ts';
import { EVENT, Waitable, WaitableSet, type WaitableEvent } from './waitable.ts';

/** Streams, futures, calls and sets that one component instance may hold; real guests hold a few dozen. */
export const MAX_WAITABLES = 10_000;

const LEFT_OPEN = 'the guest returned and left a stream open';

/** State of the asynchronous ABI of one component instance. */
export class AsyncState {
  /** Its tasks. */
  readonly tasks: TaskRunner;
  readonly #state: ComponentState;
  readonly #table: (Waitable | WaitableSet | undefined)[] = [undefined];
  readonly #free: number[] = [];
  /** Streams that the guest writes and the host may read. */
  readonly #written = new Set<GuestStream>();
  /** What the host has of a readable end: the stream or promise behind it. */
  readonly #hostSides = new WeakMap<object, ByteStream | GuestFuture | Promise<unknown>>();
  /** What suspended built-ins are rejected with when the instance ends. */
  readonly #suspended = new Set<(ending: unknown) => void>();

  constructor(state: ComponentState) {
    this.#state = state;
    this.tasks = new TaskRunner(state.instance, {
      setOf: (handle) => this.#set(handle),
      onIdle: () => this.#closeStreams(),
    });
    state.async = this;
  }

  /** Whether no task is under way. */
  get isIdle(): boolean {
    return this.tasks.isIdle;
  }

  /** Whether it holds nothing at all. */
  get isEmpty(): boolean {
    return this.#table.length - 1 === this.#free.length;
  }

  /** `thread.yield`: others run first. */
  yield(): Promise<unknown> {
    return this.#suspend(this.#state.instance.run.yield(), () => 0);
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
    const stream = new HostStream(source as ByteStream, this.tasks.failOf());
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
    if (future instanceof GuestFuture) return future.take();
    // Whoever has it from now on sees to what becomes of it.
    end.peer.leave();
    return future as Promise<unknown>;
  }

  /** Lowers a future that the host gives as a promise. */
  lowerFuture(promise: unknown, type: number): number {
    const future = new HostFuture(promise as Promise<unknown>, this.tasks.failOf());
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
    if (!this.tasks.isIdle || this.#suspended.size > 0) {
      // Raising one costs microseconds, and most invocations leave nothing.
      const ending = createEnding({ kind: 'closing' });
      for (const reject of this.#suspended) reject(ending);
      this.#suspended.clear();
      this.tasks.clear(ending);
    }
    this.#closeStreams();
    // Also the free handles go: which one comes next must not tell of earlier invocations.
    if (this.#table.length === 1) return;
    const held = this.#table.splice(1);
    this.#free.length = 0;
    for (const one of held) if (one instanceof Waitable) one.abandon();
  }

  /** No task is left that could write them. */
  #closeStreams(): void {
    for (const stream of this.#written) stream.fail(new Error(LEFT_OPEN));
    this.#written.clear();
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

function refuse(handle: number): never {
  return breakRule(
    `${handle >>> 0} is not a stream, future, call or set of the kind expected here`,
  );
}
