/** A folder for sockets: their paths are short, those of tap's folders are not. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';

/** Makes a folder that is removed after the test. */
export async function shortFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'faas-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
