/**
 * What all invocations of one version share: its instances, its files, its outgoing client. Made at its
 * first invocation, closed when the version is no longer live and nobody uses it.
 */
import type { Closeable } from '../base/closeable.ts';
import type { VersionInstances } from '../instances/version-instances.ts';
import type { Version } from '../registry/model.ts';
import type { OutgoingHttp, Preopen } from '../wasi/ports.ts';

/** Shared parts of a version. */
export interface VersionRuntimeParts {
  readonly instances: VersionInstances;
  readonly preopens: readonly Preopen[];
  readonly outgoingHttp: OutgoingHttp & Closeable;
  /** Closes what the preopens hold open. */
  readonly closePreopens: () => void | Promise<void>;
}

/** A version that can be invoked. */
export class VersionRuntime implements Closeable {
  readonly version: Version;
  readonly parts: VersionRuntimeParts;
  #users = 0;
  #retired = false;
  #onError: (error: unknown) => void = () => {};
  #closed = false;

  constructor(version: Version, parts: VersionRuntimeParts) {
    this.version = version;
    this.parts = parts;
  }

  /** Keeps the runtime open until the returned lease is disposed. */
  use(): Disposable {
    this.#users += 1;
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        this.#users -= 1;
        this.#closeIfUnused();
      },
    };
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
    this.parts.instances.close();
    await this.parts.outgoingHttp.close();
    await this.parts.closePreopens();
  }

  #closeIfUnused(): void {
    if (this.#retired && this.#users === 0) this.close().catch(this.#onError);
  }
}
