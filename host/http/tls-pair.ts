/** Two PEM files → a certificate and its key that belong together, or a coded error that names the file and what is wrong with it. */
import type { Config } from '../config/schema.ts';
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { HostError } from '../base/errors.ts';

/** Where a certificate and its key are. */
export interface TlsFiles {
  /** PEM, the server's certificate first, then those that it was signed with. */
  readonly cert: string;
  /** PEM, without a passphrase. */
  readonly key: string;
}

/** A certificate with its chain, and its key. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
  /** When the certificate ends, ms since 1970. */
  readonly endMs: number;
}

/** Largest file that is read: a chain has some kilobytes. */
const MOST_BYTES = 1024 * 1024;

/**
 * Checks that the settings name both files, or none.
 *
 * @returns The files, or undefined if TLS is not asked for.
 * @throws {invalid_setting} If one is missing.
 */
export function tlsFilesOf(tls: {
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}): TlsFiles | undefined {
  const { cert, key } = tls;
  if (cert === undefined && key === undefined) return undefined;
  if (cert !== undefined && key !== undefined) return { cert, key };
  throw new HostError('invalid_setting', {
    key: cert === undefined ? 'tls.cert' : 'tls.key',
    source: 'the configuration',
    given: 'missing',
    expected: cert === undefined ? 'the certificate of tls.key' : 'the key of tls.cert',
  });
}

/** Reads both files, as they are at this moment. @throws {tls_unusable} If one cannot be read. */
export async function readTlsFiles(files: TlsFiles): Promise<{ cert: string; key: string }> {
  const [cert, key] = await Promise.all([
    readPem(files.cert, 'certificate'),
    readPem(files.key, 'key'),
  ]);
  return { cert, key };
}

/**
 * Checks what was read.
 *
 * @throws {tls_unusable} If one is not what it should be, or they do not belong together.
 */
export function checkTlsPair(text: { cert: string; key: string }, files: TlsFiles): TlsPair {
  const certificate = parse('certificate', files.cert, () => new X509Certificate(text.cert));
  const key = parse('key', files.key, (): KeyObject => createPrivateKey(text.key));
  if (!certificate.checkPrivateKey(key)) {
    throw unusable('key', files.key, `it is not the key of the certificate "${files.cert}"`);
  }
  // The rest of the chain, and what this OpenSSL refuses, such as keys that are too short.
  parse('certificate', files.cert, () => createSecureContext(text));
  return { ...text, endMs: certificate.validToDate.getTime() };
}

async function readPem(file: string, what: 'certificate' | 'key'): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw unusable(what, file, reasonOf(error), error);
  }
  if (bytes.byteLength > MOST_BYTES) throw unusable(what, file, 'it is larger than 1 MiB');
  return bytes.toString('latin1');
}

function parse<T>(what: 'certificate' | 'key', file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw unusable(what, file, reasonOf(error), error);
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOENT') return 'it does not exist';
  if (code === 'EACCES' || code === 'ERR_ACCESS_DENIED') return 'this process may not read it';
  if (code === 'EISDIR') return 'it is a directory';
  if (code === 'ERR_OSSL_PEM_NO_START_LINE' || code === 'ERR_OSSL_UNSUPPORTED') {
    return 'it is not PEM';
  }
  if (code === 'ERR_MISSING_PASSPHRASE' || code === 'ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED') {
    return 'it needs a passphrase';
  }
  return error instanceof Error ? error.message : String(error);
}

function unusable(
  what: 'certificate' | 'key',
  file: string,
  reason: string,
  cause?: unknown,
): HostError {
  return new HostError('tls_unusable', { what, file, reason }, { cause });
}

/** What clients of the data plane speak. */
export function schemeOf({ tls }: Pick<Config, 'tls'>): 'http' | 'https' {
  return tls.cert === undefined ? 'http' : 'https';
}
