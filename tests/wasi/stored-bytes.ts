/** Bytes in memory as the files that a snapshot opens. */
import type { StoredFile } from '../../host/artifacts/store.ts';
import { digestOf, type Digest } from '../../host/base/ids.ts';

/** Which files are open now, and how often any was opened. */
export interface OpenCount {
  now: number;
  ever: number;
}

/**
 * Makes an opener over some contents.
 *
 * @param contents Each is found by its digest.
 * @param count Kept up to date.
 */
export function openerOf(
  contents: readonly Uint8Array[],
  count: OpenCount = { now: 0, ever: 0 },
): (digest: Digest) => Promise<StoredFile> {
  const byDigest = new Map(contents.map((bytes) => [digestOf(bytes), bytes]));
  return (digest) => {
    const bytes = byDigest.get(digest);
    if (bytes === undefined) return Promise.reject(new Error(`no file ${digest}`));
    count.now += 1;
    count.ever += 1;
    return Promise.resolve({
      size: bytes.length,
      read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
      close: () => {
        count.now -= 1;
      },
    });
  };
}
