/**
 * The engine port: a prepared artifact becomes a module, a module becomes instances. Both engines stand
 * behind it; nothing above knows which one runs.
 */
import type { Closeable } from '../base/closeable.ts';
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
   * @param memory What the instance's memories are charged to.
   * @throws {HostError} `memory_limit_at_start` If its first memories are over the limit.
   * @throws {unknown} Whatever the guest threw while it started.
   */
  instantiate(guest: SuspendableGuest, memory: MemoryAccount): Promise<Instance>;
}

/** One live instantiation. */
export interface Instance extends Closeable {
  /**
   * Calls the function that serves this kind of version (`manifest.entry`).
   *
   * @returns What the export returns; rejects with whatever ended the call.
   */
  call(parameters: readonly unknown[]): Promise<unknown>;
}
