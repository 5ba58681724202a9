/**
 * Removes bytes that no version needs any more: at once where that is possible, and again a while
 * later, because the store keeps for some minutes what a deployment under way may be about to need.
 */
import type { ArtifactStore } from '../artifacts/store.ts';
import type { Clock } from '../base/clock.ts';
import type { Closeable } from '../base/closeable.ts';
import { preparedKey } from '../deploy/prepared-key.ts';
import type { Log } from '../logs/log.ts';
import type { Registry } from '../registry/registry.ts';

/** Longer than the store protects anything, so that the later collection finds all of it. */
const LATER_MS = 15 * 60_000;

/** What a collector works with. */
export interface CollectorParts {
  readonly registry: Registry;
  readonly artifacts: ArtifactStore;
  readonly clock: Clock;
  readonly log: Log;
}

/** Collects unreferenced artifacts and prepared artifacts, one collection at a time. */
export class ArtifactCollector implements Closeable {
  readonly #parts: CollectorParts;
  #collecting: Promise<void> = Promise.resolve();
  #cancelLater: (() => void) | undefined;
  #closed = false;

  constructor(parts: CollectorParts) {
    this.#parts = parts;
  }

  /** Something was deleted: collects after the collections under way, and once more later. */
  collect(): Promise<void> {
    this.collectLater();
    this.#collecting = this.#collecting.then(() => this.#run());
    return this.#collecting;
  }

  /** Something was uploaded that may never be referenced: collects some time after this. */
  collectLater(): void {
    if (this.#closed) return;
    this.#cancelLater ??= this.#parts.clock.after(LATER_MS, () => {
      this.#cancelLater = undefined;
      this.#collecting = this.#collecting.then(() => this.#run());
    });
  }

  /** Waits for the collections under way. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelLater?.();
    await this.#collecting;
  }

  /** Never rejects: what could not be removed now is removed the next time. */
  async #run(): Promise<void> {
    const { registry, artifacts, log } = this.#parts;
    // A registry that never knew a function may be here because the one that did was lost. What was deployed is then
    // all there is to bring it back from, and stays until the first deployment says that this registry counts.
    if (registry.snapshot.epoch === 0) return;
    try {
      const keep = await registry.loadReferences();
      const removed = await artifacts.collect({
        artifacts: new Set([...keep.artifacts, ...keep.files]),
        // Prepared artifacts are made anew when the preparer changes, under a key of their own.
        prepared: new Set([
          ...keep.prepared,
          ...[...keep.artifacts].map((artifact) => preparedKey(artifact)),
        ]),
      });
      log.debug({ removed }, 'collected unreferenced artifacts');
    } catch (error) {
      log.error({ err: error }, 'cannot collect unreferenced artifacts');
    }
  }
}
