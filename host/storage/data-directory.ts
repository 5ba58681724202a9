/**
 * A path → the data directory of one host: created, of a format we know, and ours alone.
 *
 *     format        one line: what this directory is and the version of its layout
 *     host.lock     locked while a host uses the directory (directory-lock.ts)
 *     host.json     pid of that host, for the message to a second one; never trusted beyond that
 *
 * Everything else in it belongs to the parts that keep their data there.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Closeable } from '../base/closeable.ts';
import { HostError } from '../base/errors.ts';
import { DirectoryLock } from './directory-lock.ts';
import { replaceFile } from './replace-file.ts';
import { errnoOf, reasonOf } from './storage-error.ts';

/** Version of the layout that this code writes. */
const FORMAT_VERSION = 1;
const FORMAT_PATTERN = /^wasi-faas data (\d{1,9})\n$/;
const LEFTOVER_PATTERN =
  /^(?:probe|format|host\.json|admin-token|quarantine\.json)\.[0-9a-f-]{36}\.tmp$/;
/** Names our parts use: a directory that has them without a format file is somebody else's. */
const OUR_NAMES: ReadonlySet<string> = new Set([
  'artifacts',
  'prepared',
  'scratch',
  'registry.sqlite',
]);

/** The data directory, held by this process until it is closed. */
export interface DataDirectory extends Closeable, AsyncDisposable {
  /** Absolute path. */
  readonly path: string;
  close(): Promise<void>;
}

/**
 * Opens the data directory for this process alone, creating it (mode 0700) with its parents.
 *
 * @param path Where; relative paths count from the working directory.
 * @throws {data_directory_unwritable} If it cannot be created, or no file can be created in it.
 * @throws {data_directory_locked} If another host uses it.
 * @throws {data_directory_too_new} If a newer release has changed its layout.
 * @throws {data_directory_foreign} If it holds things of those names that are not ours.
 */
export async function openDataDirectory(path: string): Promise<DataDirectory> {
  const absolute = resolve(path);
  const lock = await unlessUnwritable(absolute, async () => {
    await mkdir(absolute, { recursive: true, mode: 0o700 });
    await checkWritable(absolute);
    return DirectoryLock.acquire(join(absolute, 'host.lock'));
  });
  const ownerPath = join(absolute, 'host.json');
  if (lock === undefined) throw await lockedError(absolute, ownerPath);
  try {
    await unlessUnwritable(absolute, async () => {
      await checkFormat(absolute);
      await removeLeftovers(absolute);
      await replaceFile(ownerPath, `${JSON.stringify({ pid: process.pid })}\n`);
    });
  } catch (error) {
    lock.close();
    throw error;
  }
  return new HeldDirectory(absolute, ownerPath, lock);
}

class HeldDirectory implements DataDirectory {
  readonly path: string;
  readonly #ownerPath: string;
  readonly #lock: DirectoryLock;
  #closing: Promise<void> | undefined;

  constructor(path: string, ownerPath: string, lock: DirectoryLock) {
    this.path = path;
    this.#ownerPath = ownerPath;
    this.#lock = lock;
  }

  close(): Promise<void> {
    this.#closing ??= this.#release();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #release(): Promise<void> {
    try {
      await rm(this.#ownerPath, { force: true });
    } finally {
      this.#lock.close();
    }
  }
}

/** Creates and removes a file: the only test that knows of read-only mounts, quotas and access lists. */
async function checkWritable(directory: string): Promise<void> {
  const probe = join(directory, `probe.${randomUUID()}.tmp`);
  const file = await open(probe, 'wx', 0o600);
  await file.close();
  // The holder of the directory may just be tidying up.
  await rm(probe, { force: true });
}

/** Removes the temporary files of writes that a crash cut off (`checkWritable` here, and `replaceFile`). */
async function removeLeftovers(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (LEFTOVER_PATTERN.test(name)) await rm(join(directory, name), { force: true });
  }
}

async function checkFormat(directory: string): Promise<void> {
  const path = join(directory, 'format');
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) {
    await checkUnused(directory);
    await replaceFile(path, `wasi-faas data ${FORMAT_VERSION}\n`);
    return;
  }
  const version = Number(FORMAT_PATTERN.exec(text)?.[1]);
  if (Number.isNaN(version)) {
    throw new HostError('data_directory_foreign', { path: directory, name: 'format' });
  }
  if (version > FORMAT_VERSION) {
    throw new HostError('data_directory_too_new', {
      path: directory,
      version,
      known: FORMAT_VERSION,
    });
  }
}

/** Refuses to take over (and later empty) folders that somebody else made. */
async function checkUnused(directory: string): Promise<void> {
  const foreign = (await readdir(directory)).find((name) => OUR_NAMES.has(name));
  if (foreign === undefined) return;
  throw new HostError('data_directory_foreign', { path: directory, name: foreign });
}

async function lockedError(directory: string, ownerPath: string): Promise<HostError> {
  // The holder writes this file just after it has the lock, so it may be missing or half a moment old.
  const text = await readFile(ownerPath, 'utf8').catch(() => '');
  const pid = /"pid":(\d+)/.exec(text)?.[1];
  const owner = pid === undefined ? 'another process' : `process ${pid}`;
  return new HostError('data_directory_locked', { path: directory, owner });
}

async function unlessUnwritable<T>(directory: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (error instanceof HostError) throw error;
    const fields = { path: directory, reason: reasonOf(error) };
    throw new HostError('data_directory_unwritable', fields, { cause: error });
  }
}
