/**
 * Stored bytes as a worker gets them: read from the data directory, which it may not write. What is missing or damaged
 * is the supervisor's business: it mends it, or says that it cannot be mended.
 */
import type { ArtifactStore, StoredFile } from '../artifacts/store.ts';
import type { ErrorCode } from '../base/error-codes.ts';
import { HostError } from '../base/errors.ts';
import type { Digest } from '../base/ids.ts';
import { preparedKey } from '../deploy/prepared-key.ts';
import type { PreparedArtifact } from '../engine/engine.ts';
import { MANIFEST_FILE, type Manifest } from '../engine/manifest.ts';
import type { ArtifactAnswer } from './worker-messages.ts';

/** What reading needs. */
export interface WorkerArtifactsParts {
  readonly store: Pick<ArtifactStore, 'loadPrepared' | 'openFile'>;
  /** Calls the supervisor. */
  readonly call: (method: string, params: unknown, timeoutMs: number) => Promise<unknown>;
  /** How long the supervisor has: it may have to prepare an artifact. */
  readonly timeoutMs: number;
}

/** Errors that the supervisor may be able to mend. */
const MENDABLE: ReadonlySet<ErrorCode> = new Set([
  'unknown_prepared',
  'unknown_artifact',
  'artifact_corrupt',
]);

/** Reads stored bytes. */
export class WorkerArtifacts {
  readonly #parts: WorkerArtifactsParts;

  constructor(parts: WorkerArtifactsParts) {
    this.#parts = parts;
  }

  /**
   * Reads what was prepared of an artifact.
   *
   * @throws {artifact_quarantined} If that cannot be mended.
   * @throws {link_lost} If it cannot be read, and there is no supervisor.
   */
  async load(artifact: Digest): Promise<PreparedArtifact> {
    const { store, call, timeoutMs } = this.#parts;
    const key = preparedKey(artifact, 'auto');
    try {
      return toPrepared(await store.loadPrepared(key));
    } catch (error) {
      if (!isMendable(error)) throw error;
      const answer = (await call(
        'artifact.load',
        { digest: artifact },
        timeoutMs,
      )) as ArtifactAnswer;
      if (answer.files === undefined) return toPrepared(await store.loadPrepared(key));
      const files = Object.entries(answer.files).map(
        ([name, base64]) => [name, Buffer.from(base64, 'base64')] as const,
      );
      return toPrepared(new Map(files));
    }
  }

  /** Opens a file of a snapshot. @throws {artifact_quarantined} If its bytes cannot be mended. */
  async openFile(digest: Digest): Promise<StoredFile> {
    const { store, call, timeoutMs } = this.#parts;
    try {
      return await store.openFile(digest);
    } catch (error) {
      if (!isMendable(error)) throw error;
      await call('artifact.openFile', { digest }, timeoutMs);
      return store.openFile(digest);
    }
  }
}

function isMendable(error: unknown): boolean {
  return error instanceof HostError && MENDABLE.has(error.code);
}

function toPrepared(files: ReadonlyMap<string, Uint8Array>): PreparedArtifact {
  const text = files.get(MANIFEST_FILE);
  if (text === undefined) throw new HostError('internal_error', { reason: 'no manifest' });
  return { manifest: JSON.parse(new TextDecoder().decode(text)) as Manifest, files };
}
