/**
 * Removes bytes that no version needs any more, and never those of a deployment under way.
 *
 * A deployment first uploads bytes and refers to them later. So what was uploaded within the last hour
 * is kept, and collecting and deploying exclude each other: a collection waits for the deployments
 * under way, and those that come meanwhile wait for it.
 */
import type { ArtifactStore } from '../artifacts/store.ts';
import type { Clock } from '../base/clock.ts';
import type { Digest } from '../base/ids.ts';
import type { Registry } from '../registry/registry.ts';

/** How long uploaded bytes wait for the deployment that refers to them. */
const UPLOAD_MS = 3_600_000;

/** What a collector works on. */
export interface CollectorParts {
  readonly registry: Registry;
  readonly artifacts: ArtifactStore;
  readonly clock: Clock;
}

/** Collects unreferenced artifacts and prepared artifacts. */
export class ArtifactCollector {
  readonly #parts: CollectorParts;
  /** When each upload of the last hour was last heard of. */
  readonly #uploads = new Map<Digest, number>();
  readonly #deploys = new Set<Promise<unknown>>();
  #collecting: Promise<number> | undefined;

  constructor(parts: CollectorParts) {
    this.#parts = parts;
  }

  /** Somebody has uploaded these bytes, or was told that they are there. */
  noteUpload(digest: Digest): void {
    this.#uploads.delete(digest);
    this.#uploads.set(digest, this.#parts.clock.monotonicMs());
  }

  /** Runs a deployment; no collection runs meanwhile. */
  async whileDeploying<T>(task: () => Promise<T>): Promise<T> {
    await this.idle();
    const deploy = task();
    this.#deploys.add(deploy);
    try {
      return await deploy;
    } finally {
      this.#deploys.delete(deploy);
    }
  }

  /**
   * Removes what nobody needs, once the deployments and collections under way have ended.
   *
   * @returns How many things were removed.
   */
  collect(): Promise<number> {
    const previous = this.#collecting ?? Promise.resolve(0);
    const collecting = settled(previous)
      .then(() => this.#run())
      .finally(() => {
        if (this.#collecting === collecting) this.#collecting = undefined;
      });
    this.#collecting = collecting;
    return collecting;
  }

  /** Waits for the collections under way. */
  async idle(): Promise<void> {
    while (this.#collecting !== undefined) await settled(this.#collecting);
  }

  async #run(): Promise<number> {
    await Promise.all([...this.#deploys].map(settled));
    const { artifacts, prepared, files } = await this.#parts.registry.loadReferences();
    const keep = new Set([...artifacts, ...files, ...this.#recentUploads()]);
    return this.#parts.artifacts.collect({ artifacts: keep, prepared });
  }

  #recentUploads(): Iterable<Digest> {
    const oldest = this.#parts.clock.monotonicMs() - UPLOAD_MS;
    // In order of the last upload, so the first young one ends the search.
    for (const [digest, atMs] of this.#uploads) {
      if (atMs >= oldest) break;
      this.#uploads.delete(digest);
    }
    return this.#uploads.keys();
  }
}

async function settled(promise: Promise<unknown>): Promise<void> {
  await promise.then(
    () => undefined,
    () => undefined,
  );
}
