/**
 * What all invocations of one version share: its instances, its files, its outgoing client. Made at its
 * first invocation, closed when the version is no longer live and nobody uses it.
 */
import type { Clock } from '../base/clock.ts';
import type { Closeable } from '../base/closeable.ts';
import type { VersionInstances } from '../instances/version-instances.ts';
import type { FunctionRate } from '../limits/rate-budget.ts';
import type { Version } from '../registry/model.ts';
import type { GuestGrants } from '../wasi/guest-state.ts';
import type { OutgoingHttp, Preopen } from '../wasi/ports.ts';
import { DeadlineList } from './deadline-list.ts';

/** Shared parts of a version. */
export interface VersionRuntimeParts {
  readonly instances: VersionInstances;
  readonly preopens: readonly Preopen[];
  readonly outgoingHttp: OutgoingHttp & Closeable;
  /** Stores and configuration; absent: none. */
  readonly grants?: GuestGrants;
  /** Closes what the preopens hold open. */
  readonly closePreopens: () => void | Promise<void>;
}

/** A version that can be invoked. */
export class VersionRuntime implements Closeable {
  readonly version: Version;
  readonly parts: VersionRuntimeParts;
  /** Of its invocations, which all may take `timeoutMs`. */
  readonly deadlines: DeadlineList;
  /** The function's budget over time; undefined if it has none. */
  readonly rate: FunctionRate | undefined;
  #users = 0;
  #retired = false;
  #onError: (error: unknown) => void = () => {};
  #closed = false;

  /** @param rate What the function may use over time, all its versions together. */
  constructor(
    version: Version,
    clock: Clock,
    parts: VersionRuntimeParts,
    rate: FunctionRate | undefined,
  ) {
    this.version = version;
    this.rate = rate;
    this.parts = parts;
    this.deadlines = new DeadlineList(clock, version.settings.limits.timeoutMs);
  }

  /** Keeps the runtime open until `leave` is called as often. */
  enter(): void {
    this.#users += 1;
  }

  /** A user has finished. */
  leave(): void {
    this.#users -= 1;
    this.#closeIfUnused();
  }

  /**
   * The version is no longer live: closes now or with the last user.
   *
   * @param onError Told if closing fails; nobody waits for it.
   */
  retire(onError: (error: unknown) => void): void {
    this.#onError = onError;
    this.#retired = true;
    this.#closeIfUnused();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.deadlines.close();
    this.parts.instances.close();
    await this.parts.outgoingHttp.close();
    await this.parts.closePreopens();
  }

  #closeIfUnused(): void {
    if (this.#retired && this.#users === 0) this.close().catch(this.#onError);
  }
}
