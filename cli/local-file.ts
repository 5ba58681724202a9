/** Files of this machine that a command was told to send: measured, digested, and opened for sending. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { HostError } from '../host/base/errors.ts';
import type { Digest } from '../host/base/ids.ts';

/** A file as it was when it was read. */
export interface LocalFile {
  readonly path: string;
  readonly digest: Digest;
  readonly size: number;
  readonly modifiedMs: number;
}

/** How a file may be opened. */
export interface OpenRules {
  /** Largest size. */
  readonly limitBytes: number;
  /** Whether a symbolic link may lead to it. */
  readonly followLinks: boolean;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of its path is a file',
  ELOOP: 'it is a symbolic link',
};

/**
 * Reads a file to its end for its digest.
 *
 * @throws {file_unreadable} If it is no ordinary file or cannot be read.
 * @throws {file_too_large} If it is larger than the rules allow.
 */
export async function readLocalFile(path: string, rules: OpenRules): Promise<LocalFile> {
  await using file = await openLocal(path, rules.followLinks);
  const stat = await file.stat();
  if (!stat.isFile()) throw unreadable(path, 'it is not an ordinary file');
  if (stat.size > rules.limitBytes) {
    const fields = { file: path, size: stat.size, limit: rules.limitBytes };
    throw new HostError('file_too_large', fields);
  }
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of contentOf(file, path)) {
    hash.update(chunk);
    size += chunk.length;
    if (size > rules.limitBytes) throw unreadable(path, 'it grows while it is read');
  }
  const digest = `sha256:${hash.digest('hex')}` as Digest;
  return { path, digest, size, modifiedMs: Math.max(0, Math.trunc(stat.mtimeMs)) };
}

/** Opens a file again, to send it. What changed meanwhile shows in the digest. */
export function streamLocalFile(file: LocalFile): Readable {
  return Readable.from(
    (async function* read(): AsyncGenerator<Uint8Array, void, void> {
      await using handle = await openLocal(file.path, true);
      yield* contentOf(handle, file.path);
    })(),
    { objectMode: false },
  );
}

/** Gives what a file operation threw as a coded error. */
export function toFileError(error: unknown, path: string): HostError {
  if (error instanceof HostError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return unreadable(path, REASONS[code] ?? (code || String(error)), error);
}

async function openLocal(path: string, followLinks: boolean): Promise<FileHandle> {
  // Without O_NONBLOCK a named pipe would hold the command until somebody writes to it.
  const flags =
    constants.O_RDONLY | constants.O_NONBLOCK | (followLinks ? 0 : constants.O_NOFOLLOW);
  return open(path, flags).catch((error: unknown) => {
    throw toFileError(error, path);
  });
}

async function* contentOf(file: FileHandle, path: string): AsyncGenerator<Uint8Array, void, void> {
  try {
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(256 * 1024));
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw toFileError(error, path);
  }
}

function unreadable(path: string, reason: string, cause?: unknown): HostError {
  return new HostError('file_unreadable', { file: path, reason }, { cause });
}
