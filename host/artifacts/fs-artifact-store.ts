/**
 * The artifact store on a directory of its own:
 *
 *     artifacts/<64 hex digits>     uploaded bytes
 *     prepared/<64 hex digits>      a prepared artifact, its files in one
 *     scratch/                      whatever is not finished: uploads, work of preparing processes, removals
 *
 * Things enter and leave the first two by rename alone, so each is there as a whole or not at all, and
 * a crash leaves its rubbish in `scratch`, which is emptied at open. Hence one opener at a time: the
 * holder of the data directory.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { ErrorCode } from '../base/error-codes.ts';
import { HostError } from '../base/errors.ts';
import type { Digest } from '../base/ids.ts';
import { SingleFlight } from '../base/single-flight.ts';
import { damageOf, errnoOf, toStorageError } from '../storage/storage-error.ts';
import { syncDirectory } from '../storage/sync-directory.ts';
import { readPrepared, writePrepared } from './prepared-bundle.ts';
import { checkFile, readChecked } from './read-checked.ts';
import { receiveUpload } from './receive-upload.ts';
import { RecentUse } from './recent-use.ts';
import type { ArtifactStore, PreparedFile, StoredFile } from './store.ts';
import { FsStoredFile } from './stored-file.ts';

/** What the store is opened with. */
export interface FsArtifactStoreOptions {
  readonly clock: Clock;
  /** How long collection leaves alone what was stored or asked for and never referenced. Default: 10 minutes. */
  readonly graceMs?: number;
}

/**
 * Opens the store, creating its folders and emptying `scratch`.
 *
 * @param directory Held by this process alone; usually the data directory.
 * @throws {storage_readonly} If the folders cannot be made.
 */
export async function openFsArtifactStore(
  directory: string,
  { clock, graceMs = 600_000 }: FsArtifactStoreOptions,
): Promise<ArtifactStore> {
  const store = new FsArtifactStore(directory, clock, graceMs);
  await store.start();
  return store;
}

/** The store; `start` prepares its folders for writing. */
export class FsArtifactStore implements ArtifactStore, AsyncDisposable {
  readonly #artifacts: string;
  readonly #prepared: string;
  readonly #scratch: string;
  readonly #artifactUse: RecentUse;
  readonly #preparedUse: RecentUse;
  readonly #preparing = new SingleFlight<Digest, void>();
  readonly #open = new Set<FsStoredFile>();
  #collecting: Promise<number> = Promise.resolve(0);
  #closed = false;

  constructor(directory: string, clock: Clock, graceMs: number) {
    this.#artifacts = join(directory, 'artifacts');
    this.#prepared = join(directory, 'prepared');
    this.#scratch = join(directory, 'scratch');
    this.#artifactUse = new RecentUse(clock, graceMs);
    this.#preparedUse = new RecentUse(clock, graceMs);
  }

  async start(): Promise<void> {
    await storing('open', 'artifact store', async () => {
      // A preparing process of a killed host may still write there until it sees that it is alone.
      await rm(this.#scratch, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
      for (const folder of [this.#artifacts, this.#prepared, this.#scratch]) {
        await mkdir(folder, { recursive: true, mode: 0o700 });
      }
    });
  }

  async has(digest: Digest): Promise<boolean> {
    return (await this.sizeOf(digest)) !== undefined;
  }

  async isIntact(digest: Digest): Promise<boolean> {
    await this.#artifactUse.touch(digest);
    try {
      await (await this.openFile(digest)).close();
      return true;
    } catch (error) {
      if (error instanceof HostError && MISSING.has(error.code)) return false;
      throw error;
    }
  }

  async sizeOf(digest: Digest): Promise<number | undefined> {
    await this.#artifactUse.touch(digest);
    return sizeAt(this.#artifactPath(digest));
  }

  async put(
    chunks: AsyncIterable<Uint8Array>,
    limit: number,
    expected: Digest | undefined,
  ): Promise<{ digest: Digest; bytes: number }> {
    this.#checkOpen();
    const temporary = this.#scratchPath('upload');
    try {
      const stored = await receiveUpload(temporary, chunks, limit);
      if (expected !== undefined && stored.digest !== expected) {
        throw new HostError('digest_mismatch', { expected, actual: stored.digest });
      }
      await this.#artifactUse.touch(stored.digest);
      this.#checkOpen();
      await storing('store', stored.digest, async () => {
        // Also over bytes that are there: if those were damaged, these are not.
        await rename(temporary, this.#artifactPath(stored.digest));
        await syncDirectory(this.#artifacts);
      });
      return stored;
    } catch (error) {
      await discard(temporary);
      throw error;
    }
  }

  async load(digest: Digest): Promise<Uint8Array> {
    await this.#artifactUse.touch(digest);
    return reading(digest, async () => {
      await using file = await this.#openArtifact(digest);
      const bytes = await readChecked(file, digest);
      if (bytes === undefined) throw corrupt(digest);
      return bytes;
    });
  }

  async pathOf(digest: Digest): Promise<string> {
    if (!(await this.has(digest))) throw new HostError('unknown_artifact', { digest });
    return this.#artifactPath(digest);
  }

  async openFile(digest: Digest): Promise<StoredFile> {
    this.#checkOpen();
    return reading(digest, async () => {
      const file = await this.#openArtifact(digest);
      try {
        const size = await checkFile(file, digest);
        if (size === undefined) throw corrupt(digest);
        this.#checkOpen();
        const stored = new FsStoredFile(file, size, (closed) => this.#open.delete(closed));
        this.#open.add(stored);
        return stored;
      } catch (error) {
        await file.close();
        throw error;
      }
    });
  }

  putPrepared(key: Digest, files: readonly PreparedFile[]): Promise<void> {
    // One key names one result, so whoever comes second needs only wait for the first.
    return this.#preparing.run(key, () => this.#putPrepared(key, files));
  }

  async loadPrepared(key: Digest): Promise<ReadonlyMap<string, Uint8Array>> {
    await this.#preparedUse.touch(key);
    const files = await storing('read', key, () => readPrepared(this.#preparedPath(key), key));
    if (files === undefined) throw new HostError('unknown_prepared', { digest: key });
    return files;
  }

  async openScratch(): Promise<{ path: string; remove(): Promise<void> }> {
    this.#checkOpen();
    const path = this.#scratchPath('work');
    await storing('make', 'scratch directory', () => mkdir(path, { mode: 0o700 }));
    return {
      path,
      remove: () =>
        storing('remove', 'scratch directory', () => rm(path, { recursive: true, force: true })),
    };
  }

  async collect(keep: {
    artifacts: ReadonlySet<Digest>;
    prepared: ReadonlySet<Digest>;
  }): Promise<number> {
    const before = this.#collecting;
    const collecting = (async (): Promise<number> => {
      await before;
      const artifacts = await this.#collect(this.#artifacts, this.#artifactUse, keep.artifacts);
      return artifacts + (await this.#collect(this.#prepared, this.#preparedUse, keep.prepared));
    })();
    // One after the other; that one failed is its own caller's affair.
    this.#collecting = collecting.catch(() => 0);
    return collecting;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#collecting;
    await Promise.all([...this.#open].map((file) => file.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #putPrepared(key: Digest, files: readonly PreparedFile[]): Promise<void> {
    this.#checkOpen();
    await this.#preparedUse.touch(key);
    const temporary = this.#scratchPath('prepared');
    const target = this.#preparedPath(key);
    try {
      await storing('store', key, async () => {
        await writePrepared(temporary, files);
        if (await exists(target)) {
          if (await isIntact(target, key)) return;
          await rename(target, this.#scratchPath('damaged'));
        }
        await rename(temporary, target);
        await syncDirectory(this.#prepared);
      });
    } finally {
      await discard(temporary);
    }
  }

  async #collect(folder: string, use: RecentUse, keep: ReadonlySet<Digest>): Promise<number> {
    use.settle(keep);
    let removed = 0;
    for (const name of await storing('list', folder, () => readdir(folder))) {
      const digest = `sha256:${name}` as Digest;
      // What does not have our form of name is not ours to remove.
      if (!/^[0-9a-f]{64}$/.test(name) || keep.has(digest)) continue;
      const grave = this.#scratchPath('removed');
      const bury = (): Promise<void> =>
        storing('remove', digest, () => rename(join(folder, name), grave));
      if (await use.removeUnlessUsed(digest, bury)) removed += 1;
      await storing('remove', digest, () => rm(grave, { recursive: true, force: true }));
    }
    return removed;
  }

  async #openArtifact(digest: Digest): ReturnType<typeof open> {
    try {
      return await open(this.#artifactPath(digest), 'r');
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      throw new HostError('unknown_artifact', { digest }, { cause: error });
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw new HostError('host_closing');
  }

  #artifactPath(digest: Digest): string {
    return join(this.#artifacts, hexOf(digest));
  }

  #preparedPath(key: Digest): string {
    return join(this.#prepared, hexOf(key));
  }

  #scratchPath(what: string): string {
    return join(this.#scratch, `${what}-${randomUUID()}`);
  }
}

/** What the bytes of an artifact are like when a new upload mends them. */
const MISSING: ReadonlySet<ErrorCode> = new Set(['unknown_artifact', 'artifact_corrupt']);

function corrupt(digest: Digest): HostError {
  const reason = 'its bytes have changed since they were stored';
  return new HostError('artifact_corrupt', { digest, reason });
}

function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

async function exists(path: string): Promise<boolean> {
  return (await sizeAt(path)) !== undefined;
}

async function sizeAt(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw toStorageError(error, 'read', path);
  }
}

async function isIntact(path: string, key: Digest): Promise<boolean> {
  try {
    return (await readPrepared(path, key)) !== undefined;
  } catch (error) {
    if (error instanceof HostError && error.code === 'artifact_corrupt') return false;
    throw error;
  }
}

/** Removes what is unfinished. If even that fails, the next open does it; the first error matters more. */
async function discard(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(() => undefined);
}

/** A disk that cannot give bytes back is damage like bytes that have changed. */
async function reading<T>(digest: Digest, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    const damage = damageOf(error);
    if (damage === undefined) throw toStorageError(error, 'read', digest);
    throw new HostError('artifact_corrupt', { digest, reason: damage }, { cause: error });
  }
}

async function storing<T>(action: string, value: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    throw toStorageError(error, action, value);
  }
}
