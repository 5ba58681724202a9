/** Damages what a host has stored, as a failing disk does: bits that change, files that are cut or gone. */
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '../../host/base/ids.ts';

/** Where uploaded bytes lie. */
export function artifactPath(dataDir: string, bytes: Uint8Array): string {
  return join(dataDir, 'artifacts', digestOf(bytes).slice('sha256:'.length));
}

/** Paths of all prepared artifacts. */
export async function preparedPaths(dataDir: string): Promise<readonly string[]> {
  const folder = join(dataDir, 'prepared');
  return (await readdir(folder)).map((name) => join(folder, name));
}

/** Changes one bit in the middle of each file of a prepared artifact whose name matches. @returns Their names. */
export async function flipPrepared(path: string, wanted: RegExp): Promise<readonly string[]> {
  const bytes = await readFile(path);
  let offset = 36 + bytes.readUInt32LE(32);
  const list = JSON.parse(bytes.toString('utf8', 36, offset)) as readonly [string, number][];
  const changed: string[] = [];
  for (const [name, length] of list) {
    if (wanted.test(name)) {
      await flipBit(path, offset + Math.floor(length / 2));
      changed.push(name);
    }
    offset += length;
  }
  return changed;
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
