/**
 * A stream of bytes → a synced file with its digest and size. The bytes come from a client, so the
 * limit is checked before each piece is written, and a failing source is told from a failing disk.
 */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { HostError } from '../base/errors.ts';
import type { Digest } from '../base/ids.ts';
import { toStorageError } from '../storage/storage-error.ts';

/**
 * Writes the chunks to a new file and syncs it. On failure the file may be left behind, incomplete.
 *
 * @param path A file that does not exist yet.
 * @param limit Most bytes accepted.
 * @throws {artifact_too_large} If there are more than `limit` bytes.
 * @throws {storage_full} If the disk is full.
 */
export async function receiveUpload(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<{ digest: Digest; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  const file = await storing(open(path, 'wx', 0o600));
  try {
    for await (const chunk of chunks) {
      bytes += chunk.byteLength;
      if (bytes > limit) throw new HostError('artifact_too_large', { limit });
      hash.update(chunk);
      await storing(file.writeFile(chunk));
    }
    await storing(file.sync());
  } finally {
    await file.close();
  }
  return { digest: `sha256:${hash.digest('hex')}` as Digest, bytes };
}

async function storing<T>(operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    throw toStorageError(error, 'store', 'upload');
  }
}
