/**
 * The engine port: a prepared artifact becomes a module, a module becomes instances. Both engines stand
 * behind it; nothing above knows which one runs.
 */
import type { Closeable } from '../base/closeable.ts';
import type { TaskCaller } from '../component/abi/async/task.ts';
import type { GuestCpu } from '../limits/guest-cpu.ts';
import type { MemoryAccount } from '../limits/memory-account.ts';
import type { EngineName, Manifest } from './manifest.ts';

/** What deploy made of an artifact, read back and verified. */
export interface PreparedArtifact {
  readonly manifest: Manifest;
  /** Bytes by file name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Compiles prepared artifacts. */
export interface Engine {
  readonly name: EngineName;
  /** @throws {engine_failed} If V8 refuses what deploy accepted. */
  load(prepared: PreparedArtifact): Promise<Module>;
}

/** What an engine itself needs of the guest it runs; the rest is between the host's functions and the guest. */
export interface SuspendableGuest {
  /** Gives a promise that settles as `wait` does, and with the ending if the guest is ended before. */
  suspend<T>(wait: Promise<T>): Promise<T>;
}

/** Compiled code, ready to be instantiated many times. */
export interface Module extends Closeable {
  readonly manifest: Manifest;
  /** What it weighs in the module cache: bytes of wasm and generated code. */
  readonly codeBytes: number;
  /**
   * Makes an instance. Start functions and `_initialize` run here and may call the guest's imports.
   *
   * @param guest What imports act for; passed as the first parameter of every host function.
   * @param memory What the instance's memories and tables are charged to.
   * @param cpu Measures and interrupts the instance as long as it lives; its invocation has begun.
   * @throws {HostError} `memory_limit_at_start` If its first memories are over the limit, `host_overloaded` if the host has nothing left.
   * @throws {unknown} Whatever the guest threw while it started.
   */
  instantiate(guest: SuspendableGuest, memory: MemoryAccount, cpu: GuestCpu): Promise<Instance>;
}

/** One live instantiation. */
export interface Instance extends Closeable {
  /** Bytes of its memories that the engine kept for the next instance when it was closed; 0 before. */
  readonly keptBytes: number;
  /**
   * Calls the function that serves this kind of version (`manifest.entry`).
   *
   * @param parameters Of the export. If that is asynchronous, one more: a function that is told of the result as soon as
   *   the guest gives it (a WIT `result` as `{ tag, val }`); its task may go on for long after that.
   * @param caller On whose behalf, where other calls may be under way in the instance (`manifest.entry.takesSeveral`): what
   *   its imports act for while code of this call runs, instead of the guest it was made with.
   * @returns What the export returns, when all of the call is done; rejects with whatever ended it.
   */
  call(parameters: readonly unknown[], caller?: TaskCaller): Promise<unknown>;
  /**
   * Remembers the state of this instance, which was never called, as the state that instances of its
   * module are reset to.
   *
   * @param sharesSeed Also if it called a host function while it started, so that what it was told then
   *   (random bytes, the time) is the same in every instance that is reset.
   * @returns Why that is impossible, as a sentence without a full stop; undefined if it was done.
   */
  captureInitial(sharesSeed: boolean): string | undefined;
  /**
   * Goes back to the initial state: memory, globals, tables, handles.
   *
   * @param guest What imports act for from now on: nothing that earlier calls left can reach it.
   * @param full Rewrites all of memory instead of what was written to: for comparing the two.
   * @returns False if it cannot (no state was captured, it has grown, it has ended): close it then.
   */
  reset(guest: SuspendableGuest, full?: boolean): boolean;
}
