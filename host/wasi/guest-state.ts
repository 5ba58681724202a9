/**
 * The one implementation of `Guest`: what the interfaces of a live instance work for, one invocation
 * after the other. Between invocations nothing is pending: timers are cancelled, suspended calls settled,
 * resources closed.
 */
import type { Clock } from '../base/clock.ts';
import { createEnding, type EndReason } from '../component/ending.ts';
import type { ByteSink, ByteSource, Guest, OutgoingHttp, Preopen } from './ports.ts';

/** What one invocation gives its guest. */
export interface GuestParts {
  readonly arguments: readonly string[];
  readonly environment: readonly (readonly [name: string, value: string])[];
  readonly stdin: ByteSource;
  readonly stdout: ByteSink;
  readonly stderr: ByteSink;
  readonly preopens: readonly Preopen[];
  readonly outgoingHttp: OutgoingHttp;
}

/** A guest whose invocations come one after the other. */
export class GuestState implements Guest {
  readonly #clock: Clock;
  readonly #waits = new Set<(ending: Error) => void>();
  readonly #timers = new Set<() => void>();
  readonly #owned = new Set<{ close(): void }>();
  #parts: GuestParts;
  #reason: EndReason | undefined;
  #onEnd: ((ending: Error) => void) | undefined;

  constructor(clock: Clock, parts: GuestParts) {
    this.#clock = clock;
    this.#parts = parts;
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

  /** Why the instance was ended, if it was: it must not be used again. */
  get endReason(): EndReason | undefined {
    return this.#reason;
  }

  /** Starts the next invocation on this instance. */
  begin(parts: GuestParts): void {
    this.#parts = parts;
  }

  /**
   * Ends the invocation from outside: every suspended call rejects with the ending, and so will every
   * later one. Idempotent; the first reason stays.
   */
  endNow(reason: EndReason): void {
    this.#reason ??= reason;
    this.#rejectWaits(this.#reason);
    this.#onEnd?.(createEnding(this.#reason));
  }

  /** A promise that rejects when `endNow` is called; it never resolves. */
  untilEnded(): Promise<never> {
    return new Promise((_resolve, reject) => {
      if (this.#reason === undefined) this.#onEnd = reject;
      else reject(createEnding(this.#reason));
    });
  }

  /** Ends what the invocation left: timers, waits and resources. */
  finish(): void {
    this.#onEnd = undefined;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    this.#rejectWaits(this.#reason ?? { kind: 'closing' });
    for (const resource of this.#owned) resource.close();
    this.#owned.clear();
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  monotonicNs(): bigint {
    return this.#clock.monotonicNs();
  }

  after(delayMs: number, task: () => void): () => void {
    const cancelTimer = this.#clock.after(delayMs, () => {
      this.#timers.delete(cancel);
      task();
    });
    const cancel = (): void => {
      this.#timers.delete(cancel);
      cancelTimer();
    };
    this.#timers.add(cancel);
    return cancel;
  }

  end(reason: EndReason): never {
    this.#reason ??= reason;
    // Generated glue may lose what is thrown; the call that the guest is suspended in is settled here.
    this.#rejectWaits(this.#reason);
    throw createEnding(this.#reason);
  }

  suspend<T>(wait: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#reason !== undefined) {
        wait.catch(() => {});
        reject(createEnding(this.#reason));
        return;
      }
      this.#waits.add(reject);
      wait.then(
        (value) => {
          if (this.#waits.delete(reject)) resolve(value);
        },
        (error: unknown) => {
          if (this.#waits.delete(reject)) reject(error);
        },
      );
    });
  }

  own(resource: { close(): void }): () => void {
    this.#owned.add(resource);
    return () => this.#owned.delete(resource);
  }

  #rejectWaits(reason: EndReason): void {
    for (const reject of this.#waits) reject(createEnding(reason));
    this.#waits.clear();
  }
}
