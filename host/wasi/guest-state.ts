/**
 * The one implementation of `Guest`: what the interfaces of a live instance work for, one invocation
 * after the other. Between invocations nothing is pending: timers are cancelled, suspended calls settled,
 * resources closed.
 */
import type { Clock } from '../base/clock.ts';
import { createEnding, type EndReason } from '../component/ending.ts';
import type {
  ByteSink,
  ByteSource,
  Guest,
  GuestStores,
  GuestUsage,
  LogLevel,
  OutgoingHttp,
  Preopen,
} from './ports.ts';

/** What a version was granted and configured with, the same for all its guests. */
export interface GuestGrants {
  readonly stores: GuestStores;
  readonly config: ReadonlyMap<string, string>;
}

/** What one invocation gives its guest. */
export interface GuestParts {
  readonly arguments: readonly string[];
  readonly environment: readonly (readonly [name: string, value: string])[];
  readonly stdin: ByteSource;
  readonly stdout: ByteSink;
  readonly stderr: ByteSink;
  readonly preopens: readonly Preopen[];
  readonly outgoingHttp: OutgoingHttp;
  /** What was granted and configured; absent: nothing. */
  readonly grants?: GuestGrants | undefined;
  /** Where lines with a level go; absent: nowhere. */
  readonly log?: (level: LogLevel, context: string, message: string) => void;
  /** When the invocation began, monotonic ms; absent while none is served. */
  readonly startedMs?: number;
}

/** What counts for a live instance, for as long as it lives. */
export interface GuestMeters {
  /** Counts one invocation after the other. */
  readonly cpu: {
    readonly usedMs: number;
    readonly limitMs: number;
    /** Lets nothing of the guest run any more; what waits for a turn is told so with the ending. */
    cancel(ending: Error): void;
  };
  readonly memory: { readonly bytes: number; readonly limitBytes: number };
  /** Wall-clock time of an invocation, ms. */
  readonly timeoutMs: number;
}

/** A deployment's trial has none. */
const UNMETERED: GuestMeters = {
  cpu: { usedMs: 0, limitMs: Infinity, cancel: () => {} },
  memory: { bytes: 0, limitBytes: Infinity },
  timeoutMs: Infinity,
};

/** Of whoever was granted nothing. */
const NO_GRANTS: GuestGrants = { stores: { open: () => undefined }, config: new Map() };

/** For what an invocation left that ended well. Raising one costs microseconds, and every invocation ends. */
const LEFT_OVER = createEnding({ kind: 'closing' });

/** A guest whose invocations come one after the other. */
export class GuestState implements Guest {
  resourceBytes = 0;
  httpBytes = 0;
  readonly #clock: Clock;
  readonly #meters: GuestMeters;
  // A guest is made for every reset, and most never wait, sleep or call out: sets are made when they are needed.
  #waits: Set<(ending: Error) => void> | undefined;
  #timers: Set<() => void> | undefined;
  #owned: Set<{ close(): void }> | undefined;
  /** Told with the ending when `endNow` ends the invocation; whoever serves it sets this. An object: see `CpuMeter.begin`. */
  server: { handleEnded(ending: Error): void } | undefined;
  #parts: GuestParts;
  #reason: EndReason | undefined;
  /** False between invocations: the instance may then act for another guest. */
  #isServing = true;

  /** @param meters What `usage` reads; absent: nothing is counted. */
  constructor(clock: Clock, parts: GuestParts, meters: GuestMeters = UNMETERED) {
    this.#clock = clock;
    this.#parts = parts;
    this.#meters = meters;
  }

  get arguments(): readonly string[] {
    return this.#parts.arguments;
  }
  get environment(): readonly (readonly [name: string, value: string])[] {
    return this.#parts.environment;
  }
  get stdin(): ByteSource {
    return this.#parts.stdin;
  }
  get stdout(): ByteSink {
    return this.#parts.stdout;
  }
  get stderr(): ByteSink {
    return this.#parts.stderr;
  }
  get preopens(): readonly Preopen[] {
    return this.#parts.preopens;
  }
  get outgoingHttp(): OutgoingHttp {
    return this.#parts.outgoingHttp;
  }
  get stores(): GuestStores {
    return (this.#parts.grants ?? NO_GRANTS).stores;
  }
  get config(): ReadonlyMap<string, string> {
    return (this.#parts.grants ?? NO_GRANTS).config;
  }

  /** Why the instance was ended, if it was: it must not be used again. */
  get endReason(): EndReason | undefined {
    return this.#reason;
  }

  /** Between invocations: nothing of the last one is kept alive by a guest that waits for the next. */
  rest(parts: GuestParts): void {
    this.#parts = parts;
  }

  /** Starts the next invocation on this instance. */
  begin(parts: GuestParts): void {
    this.#parts = parts;
    this.#isServing = true;
  }

  /**
   * Ends the invocation from outside: every suspended call rejects with the ending, and so will every
   * later one. Idempotent; the first reason stays.
   */
  endNow(reason: EndReason): void {
    this.#reason ??= reason;
    this.#rejectWaits(createEnding(this.#reason));
    this.server?.handleEnded(createEnding(this.#reason));
  }

  /** A promise that rejects when `endNow` is called; it never resolves. */
  untilEnded(): Promise<never> {
    return new Promise((_resolve, reject) => {
      if (this.#reason === undefined) this.server = { handleEnded: reject };
      else reject(createEnding(this.#reason));
    });
  }

  /** Ends what the invocation left: timers, waits and resources. */
  finish(): void {
    this.server = undefined;
    if (this.#timers !== undefined) {
      for (const cancel of this.#timers) cancel();
      // Not cleared: V8 would make a new table that the old one points to, and in the old generation such chains grow.
      this.#timers = undefined;
    }
    this.#rejectWaits(this.#reason === undefined ? LEFT_OVER : createEnding(this.#reason));
    this.#isServing = false;
    if (this.#owned === undefined) return;
    for (const resource of this.#owned) resource.close();
    this.#owned = undefined;
  }

  log(level: LogLevel, context: string, message: string): void {
    this.#parts.log?.(level, context, message);
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  monotonicNs(): bigint {
    return this.#clock.monotonicNs();
  }

  after(delayMs: number, task: () => void): () => void {
    const timers = (this.#timers ??= new Set());
    const cancelTimer = this.#clock.after(delayMs, () => {
      timers.delete(cancel);
      task();
    });
    const cancel = (): void => {
      timers.delete(cancel);
      cancelTimer();
    };
    timers.add(cancel);
    return cancel;
  }

  end(reason: EndReason): never {
    this.#reason ??= reason;
    // Generated glue may lose what is thrown; the call that the guest is suspended in is settled here.
    const ending = createEnding(this.#reason);
    this.#rejectWaits(ending);
    throw ending;
  }

  /** Its CPU time is used up. */
  endForCpu(): never {
    return this.end({ kind: 'cpu_limit' });
  }

  suspend<T>(wait: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#reason !== undefined) {
        wait.catch(() => {});
        reject(createEnding(this.#reason));
        return;
      }
      const waits = (this.#waits ??= new Set());
      waits.add(reject);
      wait.then(
        (value) => {
          if (waits.delete(reject)) resolve(value);
        },
        (error: unknown) => {
          if (waits.delete(reject)) reject(error);
        },
      );
    });
  }

  own(resource: { close(): void }): () => void {
    const owned = (this.#owned ??= new Set());
    owned.add(resource);
    return () => owned.delete(resource);
  }

  usage(): GuestUsage {
    const { cpu, memory, timeoutMs } = this.#meters;
    const { startedMs } = this.#parts;
    return {
      cpuMs: { used: cpu.usedMs, limit: cpu.limitMs },
      memoryBytes: { used: memory.bytes, limit: memory.limitBytes },
      wallMs: {
        used: startedMs === undefined ? 0 : this.#clock.monotonicMs() - startedMs,
        limit: timeoutMs,
      },
    };
  }

  #rejectWaits(ending: Error): void {
    if (this.#waits !== undefined) {
      for (const reject of this.#waits) reject(ending);
      this.#waits = undefined;
    }
    if (this.#isServing) this.#meters.cpu.cancel(ending);
  }
}
