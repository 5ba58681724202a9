/**
 * Reads stored bytes and checks their digest piece by piece, with the loop free in between: hashing
 * 64 MiB at once would hold up every request on the thread for tens of milliseconds.
 */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { Digest } from '../base/ids.ts';

/** Bytes hashed without a break: about half a millisecond. */
export const PIECE_BYTES = 1024 * 1024;

/**
 * Reads a whole file into memory.
 *
 * @returns The bytes, or undefined if they do not have the digest.
 */
export async function readChecked(
  file: FileHandle,
  digest: Digest,
): Promise<Uint8Array | undefined> {
  const { size } = await file.stat();
  const bytes = new Uint8Array(size);
  const hash = createHash('sha256');
  for (let offset = 0; offset < size;) {
    const length = Math.min(PIECE_BYTES, size - offset);
    const { bytesRead } = await file.read(bytes, offset, length, offset);
    if (bytesRead === 0) break;
    hash.update(bytes.subarray(offset, offset + bytesRead));
    offset += bytesRead;
  }
  return isDigest(hash.digest('hex'), digest) ? bytes : undefined;
}

/**
 * Reads a file through without keeping it.
 *
 * @returns Its size in bytes, or undefined if the bytes do not have the digest.
 */
export async function checkFile(file: FileHandle, digest: Digest): Promise<number | undefined> {
  const { size } = await file.stat();
  const piece = new Uint8Array(Math.min(PIECE_BYTES, size));
  const hash = createHash('sha256');
  for (let offset = 0; offset < size;) {
    const length = Math.min(piece.length, size - offset);
    const { bytesRead } = await file.read(piece, 0, length, offset);
    if (bytesRead === 0) break;
    hash.update(piece.subarray(0, bytesRead));
    offset += bytesRead;
  }
  return isDigest(hash.digest('hex'), digest) ? size : undefined;
}

function isDigest(hex: string, digest: Digest): boolean {
  return `sha256:${hex}` === digest;
}
