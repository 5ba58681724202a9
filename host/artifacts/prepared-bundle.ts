/**
 * The files of a prepared artifact ↔ one file, because each step of reading is a turn through the thread pool, and a cold
 * start waits for all of them:
 *
 *     32 bytes   SHA-256 of all that follows
 *      4 bytes   length of the list, little-endian
 *     the list   JSON: [["core0.wasm", 51234], …], the length of each file in bytes
 *     the files  in the order of the list
 *
 * The names come from a process that handled hostile bytes, so they are held to a safe alphabet.
 */
import { createHash, hash } from 'node:crypto';
import fs from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { HostError } from '../base/errors.ts';
import type { Digest } from '../base/ids.ts';
import { damageOf, errnoOf } from '../storage/storage-error.ts';
import { PIECE_BYTES } from './read-checked.ts';
import type { PreparedFile } from './store.ts';

const DIGEST_BYTES = 32;
const HEAD_BYTES = DIGEST_BYTES + 4;
/** More than what is prepared of most components. */
const START_BYTES = 256 * 1024;
const SAFE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

type FileList = readonly (readonly [name: string, bytes: number])[];

/**
 * Writes a new file, synced.
 *
 * @param path A file that does not exist yet.
 * @throws {unsafe_file_name} If a name is unsafe, or two differ at most in case.
 */
export async function writePrepared(path: string, files: readonly PreparedFile[]): Promise<void> {
  checkNames(files);
  const list: FileList = files.map(({ name, bytes }) => [name, bytes.byteLength]);
  const text = Buffer.from(JSON.stringify(list));
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32LE(text.byteLength, DIGEST_BYTES);
  const hashing = createHash('sha256').update(head.subarray(DIGEST_BYTES));
  await using file = await open(path, 'wx', 0o600);
  await file.writeFile(head);
  for (const bytes of [text, ...files.map((one) => one.bytes)]) {
    // In pieces, as it is read, so that big modules do not hold up the loop.
    for (const piece of piecesOf(bytes)) {
      hashing.update(piece);
      await file.writeFile(piece);
    }
  }
  await file.write(hashing.digest(), 0, DIGEST_BYTES, 0);
  await file.sync();
}

/**
 * Reads the file back and checks it.
 *
 * @param key What to call it in errors.
 * @returns The files by name, or undefined if there is no such file. They share one buffer.
 * @throws {artifact_corrupt} If it has changed.
 */
export async function readPrepared(
  path: string,
  key: Digest,
): Promise<ReadonlyMap<string, Uint8Array> | undefined> {
  try {
    const files = await readBundle(path);
    if (files !== undefined) return files;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    const damage = damageOf(error);
    if (damage === undefined) throw error;
    throw new HostError('artifact_corrupt', { digest: key, reason: damage }, { cause: error });
  }
  const reason = 'what was prepared of it has changed';
  throw new HostError('artifact_corrupt', { digest: key, reason });
}

/** Undefined if it has changed. */
async function readBundle(path: string): Promise<ReadonlyMap<string, Uint8Array> | undefined> {
  const start = await readStart(path);
  // Less than was asked for is the whole file, if not on every file system.
  const files = start.byteLength < START_BYTES ? await takeApart(start) : undefined;
  return files ?? takeApart(await readFile(path));
}

/** Reads the first `START_BYTES`, in two turns through the thread pool: nobody waits for its size, or until it is closed. */
function readStart(path: string): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  fs.open(path, 'r', (error, file) => {
    if (error !== null) {
      reject(error);
      return;
    }
    const buffer = Buffer.allocUnsafeSlow(START_BYTES);
    fs.read(file, buffer, 0, START_BYTES, 0, (readError, bytesRead) => {
      fs.close(file, () => {});
      if (readError === null) resolve(buffer.subarray(0, bytesRead));
      else reject(readError);
    });
  });
  return promise;
}

/** Undefined if it is not what was written. */
async function takeApart(bytes: Buffer): Promise<ReadonlyMap<string, Uint8Array> | undefined> {
  if (bytes.byteLength < HEAD_BYTES) return undefined;
  const digest = await hashOf(bytes.subarray(DIGEST_BYTES));
  if (!digest.equals(bytes.subarray(0, DIGEST_BYTES))) return undefined;
  // From here on it is what was written.
  let offset = HEAD_BYTES + bytes.readUInt32LE(DIGEST_BYTES);
  const list = JSON.parse(bytes.toString('utf8', HEAD_BYTES, offset)) as FileList;
  const files = new Map<string, Uint8Array>();
  for (const [name, length] of list) {
    files.set(name, new Uint8Array(bytes.buffer, bytes.byteOffset + offset, length));
    offset += length;
  }
  return files;
}

/** SHA-256, with the loop free in between if there is much. */
async function hashOf(bytes: Uint8Array): Promise<Buffer> {
  if (bytes.byteLength <= PIECE_BYTES) return hash('sha256', bytes, 'buffer');
  const hashing = createHash('sha256');
  for (const piece of piecesOf(bytes)) {
    hashing.update(piece);
    await setImmediate();
  }
  return hashing.digest();
}

function checkNames(files: readonly PreparedFile[]): void {
  // macOS and Windows take "A.wasm" and "a.wasm" for one file, and whoever looks into a bundle may unpack it.
  const taken = new Set<string>();
  for (const { name } of files) {
    if (!SAFE_NAME.test(name) || taken.has(name.toLowerCase())) {
      throw new HostError('unsafe_file_name', { name: name.slice(0, 100) });
    }
    taken.add(name.toLowerCase());
  }
}

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let offset = 0; offset < bytes.byteLength; offset += PIECE_BYTES) {
    yield bytes.subarray(offset, offset + PIECE_BYTES);
  }
}
