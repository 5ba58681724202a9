/**
 * The files of a prepared artifact ↔ a directory with `digests.json`, which lists every file with
 * size and digest and carries a digest of that list. Nothing that is not in the list is ever read.
 *
 * The names come from a process that handled hostile bytes, so they are held to a safe alphabet.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HostError } from '../base/errors.ts';
import { digestOf, type Digest } from '../base/ids.ts';
import { syncDirectory } from '../storage/sync-directory.ts';
import { damageOf, errnoOf } from '../storage/storage-error.ts';
import { PIECE_BYTES, readChecked, readShort } from './read-checked.ts';
import type { PreparedFile } from './store.ts';

const LIST_NAME = 'digests.json';
const SAFE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

type FileList = Readonly<Record<string, { readonly digest: Digest; readonly bytes: number }>>;

/**
 * Writes a new directory, synced with all that is in it.
 *
 * @param path A directory that does not exist yet.
 * @throws {unsafe_file_name} If a name is unsafe, or two differ at most in case.
 */
export async function writePrepared(path: string, files: readonly PreparedFile[]): Promise<void> {
  checkNames(files);
  await mkdir(path, { mode: 0o700 });
  const list: Record<string, { digest: Digest; bytes: number }> = {};
  for (const { name, bytes } of files) {
    list[name] = { digest: await writeSynced(join(path, name), bytes), bytes: bytes.byteLength };
  }
  const text = JSON.stringify({ digest: digestOfList(list), files: list });
  await writeSynced(join(path, LIST_NAME), Buffer.from(text));
  await syncDirectory(path);
}

/**
 * Reads the files of a directory and checks every one.
 *
 * @param key What to call it in errors.
 * @returns The files by name, or undefined if there is no such directory.
 * @throws {artifact_corrupt} If a file or the list is missing or changed.
 */
export async function readPrepared(
  path: string,
  key: Digest,
): Promise<ReadonlyMap<string, Uint8Array> | undefined> {
  const list = await readList(path, key);
  if (list === undefined) return undefined;
  const files = new Map<string, Uint8Array>();
  // Together, because a cold start waits for them.
  const contents = await Promise.all(
    Object.entries(list).map(async ([name, { digest, bytes }]) => {
      return [name, await readListed(join(path, name), digest, bytes)] as const;
    }),
  );
  for (const [name, content] of contents) {
    if (content === undefined) {
      // A directory is removed as a whole: what is missing from one still there is damage.
      if ((await readList(path, key)) === undefined) return undefined;
      throw corrupt(key, `its file "${name}" is missing or has changed`);
    }
    files.set(name, content);
  }
  return files;
}

async function readListed(
  path: string,
  digest: Digest,
  bytes: number,
): Promise<Uint8Array | undefined> {
  try {
    if (bytes <= PIECE_BYTES) {
      const content = await readShort(await open(path, 'r'), digest, bytes);
      // What came in pieces is no damage yet.
      if (content !== undefined) return content;
    }
    await using file = await open(path, 'r');
    return await readChecked(file, digest);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || damageOf(error) !== undefined) return undefined;
    throw error;
  }
}

async function readList(path: string, key: Digest): Promise<FileList | undefined> {
  try {
    return parseList(await readFile(join(path, LIST_NAME), 'utf8'), key);
  } catch (error) {
    const damage = damageOf(error);
    if (damage !== undefined) throw corrupt(key, `its "${LIST_NAME}" is unreadable: ${damage}`);
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  const exists = await open(path, 'r').then(
    (directory) => directory.close().then(() => true),
    (error: unknown) => errnoOf(error) !== 'ENOENT',
  );
  if (exists) throw corrupt(key, `its "${LIST_NAME}" is missing`);
  return undefined;
}

function parseList(text: string, key: Digest): FileList {
  try {
    const { digest, files } = JSON.parse(text) as { digest: Digest; files: FileList };
    if (digest === digestOfList(files)) return files;
  } catch {
    // Text that is no JSON of this shape is as damaged as a list with a wrong digest.
  }
  throw corrupt(key, `its "${LIST_NAME}" has changed`);
}

function digestOfList(files: FileList): Digest {
  return digestOf(Buffer.from(JSON.stringify(files)));
}

function corrupt(key: Digest, reason: string): HostError {
  return new HostError('artifact_corrupt', { digest: key, reason });
}

function checkNames(files: readonly PreparedFile[]): void {
  // macOS and Windows take "A.wasm" and "a.wasm" for one file.
  const taken = new Set([LIST_NAME]);
  for (const { name } of files) {
    if (!SAFE_NAME.test(name) || taken.has(name.toLowerCase())) {
      throw new HostError('unsafe_file_name', { name: name.slice(0, 100) });
    }
    taken.add(name.toLowerCase());
  }
}

/** Writes and hashes in pieces, as `readChecked` reads, so that big modules do not hold up the loop. */
async function writeSynced(path: string, bytes: Uint8Array): Promise<Digest> {
  const hash = createHash('sha256');
  await using file = await open(path, 'wx', 0o600);
  for (let offset = 0; offset < bytes.byteLength; offset += PIECE_BYTES) {
    const piece = bytes.subarray(offset, offset + PIECE_BYTES);
    hash.update(piece);
    await file.writeFile(piece);
  }
  await file.sync();
  return `sha256:${hash.digest('hex')}` as Digest;
}
