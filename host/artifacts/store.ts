/**
 * The artifact store port: uploaded bytes by digest, and what deploy made of them.
 *
 * Everything is written to a temporary file, synced and renamed: a crash leaves the old state or the
 * new one. Whatever is read back is checked against its digest, because V8 accepts flipped bits.
 */
import type { Closeable } from '../base/closeable.ts';
import type { Digest } from '../base/ids.ts';

/** A file of a prepared artifact. */
export interface PreparedFile {
  /** File name without folders: `core0.wasm`, `glue.js`, `manifest.json`. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Keeps artifacts, snapshot files (also "artifacts": bytes by digest) and prepared artifacts. */
export interface ArtifactStore extends Closeable {
  /** Whether the bytes are there, whatever they are worth. */
  has(digest: Digest): Promise<boolean>;
  /** Whether the bytes are there and have their digest; reads them through. */
  isIntact(digest: Digest): Promise<boolean>;
  /** Size of the bytes, or undefined if they are not there. */
  sizeOf(digest: Digest): Promise<number | undefined>;
  /**
   * Stores a stream of bytes.
   *
   * @param chunks The bytes, in any pieces.
   * @param limit Most bytes accepted.
   * @param expected Digest the bytes must have, if the caller named one.
   * @returns The digest of what was stored, and its size.
   * @throws {artifact_too_large} If there are more than `limit` bytes.
   * @throws {digest_mismatch} If the digest is not the expected one.
   * @throws {storage_full} If the disk is full.
   */
  put(
    chunks: AsyncIterable<Uint8Array>,
    limit: number,
    expected: Digest | undefined,
  ): Promise<{ digest: Digest; bytes: number }>;
  /**
   * Reads bytes back and checks them.
   *
   * @throws {unknown_artifact} If they are not there.
   * @throws {artifact_corrupt} If they no longer have their digest.
   */
  load(digest: Digest): Promise<Uint8Array>;
  /** Path of the stored bytes for a child process to read. @throws {unknown_artifact} If they are not there. */
  pathOf(digest: Digest): Promise<string>;
  /**
   * Opens stored bytes for random access; the digest is checked on opening.
   *
   * @throws {unknown_artifact} If they are not there.
   * @throws {artifact_corrupt} If they no longer have their digest.
   */
  openFile(digest: Digest): Promise<StoredFile>;
  /**
   * Stores a prepared artifact as a whole, with its digest.
   *
   * @throws {storage_full} If the disk is full.
   */
  putPrepared(key: Digest, files: readonly PreparedFile[]): Promise<void>;
  /**
   * Reads a prepared artifact and checks it.
   *
   * @throws {unknown_prepared} If it is not there.
   * @throws {artifact_corrupt} If it no longer has its digest.
   */
  loadPrepared(key: Digest): Promise<ReadonlyMap<string, Uint8Array>>;
  /** Makes an empty directory for a preparing process; `remove` deletes it with what is in it. */
  openScratch(): Promise<{ path: string; remove(): Promise<void> }>;
  /**
   * Removes whatever is not in the sets, not being written, and not needed by a deployment under way:
   * what was stored or asked for (`openFile` aside) stays until a call names it in its
   * sets, or some minutes have passed. Callers take the sets from the registry and collect one at a time.
   *
   * @returns How many were removed.
   */
  collect(keep: { artifacts: ReadonlySet<Digest>; prepared: ReadonlySet<Digest> }): Promise<number>;
}

/** Stored bytes, open for reading. */
export interface StoredFile extends Closeable {
  readonly size: number;
  /** Reads up to `length` bytes at `offset`; fewer at the end. */
  read(offset: number, length: number): Promise<Uint8Array>;
}
