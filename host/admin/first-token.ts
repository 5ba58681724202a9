/**
 * The token that the owner of the machine finds in the data directory: made at the first start, and
 * made again when the file is lost or no longer holds a token that we know.
 */
import { chmod, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../logs/log.ts';
import { replaceFile } from '../storage/replace-file.ts';
import { errnoOf, toStorageError } from '../storage/storage-error.ts';
import type { Tokens } from './tokens.ts';

/** Name of the file in the data directory. */
export const TOKEN_FILE = 'admin-token';

/** Who made the first token: the host itself. */
const MADE_BY = 'host';
const OWNER_ONLY = 0o600;
/** A token is 62 characters; what is longer is none. */
const MAX_FILE_BYTES = 1024;

/**
 * Makes sure that the file holds a valid token with every scope, readable by its owner only.
 *
 * @returns Path of the file.
 * @throws {storage_readonly} If the data directory cannot be written.
 * @throws {storage_full} If the disk is full.
 */
export async function ensureFirstToken(dataDir: string, tokens: Tokens, log: Log): Promise<string> {
  const path = join(dataDir, TOKEN_FILE);
  try {
    const kept = await readToken(path);
    if (kept !== undefined && tokens.find(kept) !== undefined) {
      await chmod(path, OWNER_ONLY);
      return path;
    }
    const token = await tokens.add(freeName(tokens), ['admin'], MADE_BY);
    await replaceFile(path, `${token.text}\n`);
    log.info({ path, token: token.record.id }, 'made an admin token');
    return path;
  } catch (error) {
    throw toStorageError(error, 'store', path);
  }
}

async function readToken(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path, 'r');
    const { bytesRead, buffer } = await file.read(Buffer.alloc(MAX_FILE_BYTES));
    return buffer.toString('latin1', 0, bytesRead).trim();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function freeName(tokens: Tokens): string {
  const taken = new Set(tokens.list().map((record) => record.name));
  let name = 'admin';
  for (let number = 2; taken.has(name); number += 1) name = `admin-${number}`;
  return name;
}
