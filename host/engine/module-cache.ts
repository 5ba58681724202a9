/**
 * The module cache: compiled modules by the digest of their artifact, bounded by the bytes of
 * their code. Whoever asks while a module compiles waits for the same compilation; an evicted module
 * is closed when its last user has gone.
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../base/clock.ts';
import type { Closeable } from '../base/closeable.ts';
import type { Digest } from '../base/ids.ts';
import { SingleFlight } from '../base/single-flight.ts';
import type { Observer } from '../metrics/observer.ts';
import type { Engine, Module, PreparedArtifact } from './engine.ts';

/** A module in use; disposing gives it back. */
export interface ModuleLease extends Disposable {
  readonly module: Module;
  /** Present if this request had to load the module: how long that took, in seconds. */
  readonly loaded: { readonly read: number; readonly compile: number } | undefined;
}

/** What the cache works with. */
export interface ModuleCacheParts {
  readonly maxBytes: number;
  readonly engine: Pick<Engine, 'load'>;
  /** Reads and verifies what deploy made of an artifact. */
  readonly read: (artifact: Digest) => Promise<PreparedArtifact>;
  readonly clock: Clock;
  readonly observer: Observer;
}

/** Keeps compiled modules. */
export class ModuleCache implements Closeable {
  readonly #parts: ModuleCacheParts;
  readonly #entries: LRUCache<Digest, Entry>;
  readonly #flights = new SingleFlight<Digest, LoadedEntry>();

  constructor(parts: ModuleCacheParts) {
    this.#parts = parts;
    this.#entries = new LRUCache({
      maxSize: Math.max(1, parts.maxBytes),
      sizeCalculation: (entry) => Math.max(1, entry.module.codeBytes),
      dispose: (entry, _key, reason) => {
        if (reason === 'evict') parts.observer.cache('eviction');
        entry.evict();
      },
    });
  }

  /** Bytes of code in the cache. */
  get bytes(): number {
    return this.#entries.calculatedSize;
  }

  /**
   * Gives the module of an artifact, from the cache or freshly compiled.
   *
   * @throws {artifact_corrupt} If its files no longer have their digests.
   * @throws {engine_failed} If V8 refuses it.
   */
  async acquire(artifact: Digest): Promise<ModuleLease> {
    const cached = this.#entries.get(artifact);
    if (cached !== undefined) {
      this.#parts.observer.cache('hit');
      return cached.lease(undefined);
    }
    this.#parts.observer.cache('miss');
    const { entry, loaded } = await this.#flights.run(artifact, () => this.#load(artifact));
    return entry.lease(loaded);
  }

  /** An instance was made of a module that is held by a lease: counts as a use, whether it is still here or not. */
  touch(artifact: Digest): void {
    this.#entries.get(artifact);
    this.#parts.observer.cache('hit');
  }

  /**
   * Lets go of a module: the next who asks reads and compiles it again.
   *
   * @returns Whether it was here.
   */
  drop(artifact: Digest): boolean {
    return this.#entries.delete(artifact);
  }

  close(): void {
    this.#entries.clear();
  }

  async #load(artifact: Digest): Promise<LoadedEntry> {
    const { clock, engine, read } = this.#parts;
    const startedMs = clock.monotonicMs();
    const prepared = await read(artifact);
    const readMs = clock.monotonicMs();
    const module = await engine.load(prepared);
    const compiledMs = clock.monotonicMs();
    const entry = new Entry(module);
    // A module larger than the whole cache is used once and not kept; lru-cache then evicts nothing.
    this.#entries.set(artifact, entry);
    if (!this.#entries.has(artifact)) entry.evict();
    return {
      entry,
      loaded: { read: (readMs - startedMs) / 1000, compile: (compiledMs - readMs) / 1000 },
    };
  }
}

interface LoadedEntry {
  readonly entry: Entry;
  readonly loaded: ModuleLease['loaded'];
}

class Entry {
  readonly module: Module;
  #users = 0;
  #used = false;
  #evicted = false;

  constructor(module: Module) {
    this.module = module;
  }

  lease(loaded: ModuleLease['loaded']): ModuleLease {
    this.#users += 1;
    this.#used = true;
    let held = true;
    return {
      module: this.module,
      loaded,
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        this.#users -= 1;
        this.#closeIfIdle();
      },
    };
  }

  evict(): void {
    this.#evicted = true;
    this.#closeIfIdle();
  }

  #closeIfIdle(): void {
    // Who loaded it uses it, also when it was evicted before: it was too large, or others came meanwhile.
    // Modules close without waiting for anything, so there is nothing to await here.
    if (this.#evicted && this.#used && this.#users === 0) void this.module.close();
  }
}
