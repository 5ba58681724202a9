/** Damages what a host has stored, as a failing disk does: bits that change, files that are cut or gone. */
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '../../host/base/ids.ts';

/** Where uploaded bytes lie. */
export function artifactPath(dataDir: string, bytes: Uint8Array): string {
  return join(dataDir, 'artifacts', digestOf(bytes).slice('sha256:'.length));
}

/** Paths of the files of all prepared artifacts whose name matches. */
export async function preparedFiles(dataDir: string, name: RegExp): Promise<readonly string[]> {
  const entries = await readdir(join(dataDir, 'prepared'), {
    recursive: true,
    withFileTypes: true,
  });
  return entries
    .filter((entry) => entry.isFile() && name.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Changes one bit in the middle of a file, or at `offset`; doing it twice changes nothing. */
export async function flipBit(path: string, offset?: number): Promise<void> {
  await using file = await open(path, 'r+');
  const at = offset ?? Math.floor((await file.stat()).size / 2);
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  byte.writeUInt8(byte.readUInt8() ^ 1);
  await file.write(byte, 0, 1, at);
}
