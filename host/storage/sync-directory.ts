/**
 * Makes the names in a directory durable. After a rename the file's bytes are safe but the name may
 * not be: it lives in the directory, which is synced on its own.
 */
import { open } from 'node:fs/promises';
import { errnoOf } from './storage-error.ts';

/**
 * Waits until the directory's entries are on the disk. Windows cannot open a directory, and a few
 * network file systems refuse to sync one: both order their own metadata.
 */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } catch (error) {
    if (errnoOf(error) !== 'EINVAL') throw error;
  } finally {
    await directory.close();
  }
}
