/** Branded identifiers: a digest cannot be passed where a function name is meant. */
import { createHash, randomBytes } from 'node:crypto';
import { HostError } from './errors.ts';

declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

/** `sha256:` and 64 lowercase hexadecimal digits. */
export type Digest = Branded<string, 'Digest'>;
/** What a user deploys under: 1 to 63 of a-z, 0-9 and `-`, starting and ending with a letter or digit (a DNS label). */
export type FunctionName = Branded<string, 'FunctionName'>;
/** What functions, grants and tokens live in; same alphabet as a function name. */
export type Namespace = Branded<string, 'Namespace'>;
/** Number of a version within its function, from 1. */
export type VersionNumber = Branded<number, 'VersionNumber'>;
/** Opaque text of 1 to 128 characters that names one request in logs. */
export type RequestId = Branded<string, 'RequestId'>;

/** The namespace used where none is named. */
export const DEFAULT_NAMESPACE = 'default' as Namespace;

/** Computes the digest of some bytes. */
export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

/**
 * Reads a digest from text.
 *
 * @throws {invalid_digest} If the text is not `sha256:` and 64 lowercase hexadecimal digits.
 */
export function parseDigest(text: string): Digest {
  if (!/^sha256:[0-9a-f]{64}$/.test(text))
    throw new HostError('invalid_digest', { value: text.slice(0, 80) });
  return text as Digest;
}

/**
 * Reads a function name from text.
 *
 * @throws {invalid_name} If the text is not a DNS label in lower case, or is reserved.
 */
export function parseFunctionName(text: string): FunctionName {
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text)) {
    throw new HostError('invalid_name', { value: text.slice(0, 80) });
  }
  return text as FunctionName;
}

/** Takes a caller's request id if it is 1 to 128 visible ASCII characters, and makes one otherwise. */
export function requestIdFrom(header: string | undefined): RequestId {
  if (header !== undefined && /^[\x21-\x7e]{1,128}$/.test(header)) return header as RequestId;
  return createRequestId();
}

/** Random bytes of one id. */
const ID_BYTES = 16;
/** Ids made at once: fetching random bytes costs 2 µs, however few they are. */
const IDS_AT_ONCE = 256;

/** Hexadecimal digits of ids that are not given out yet start at `nextId`. */
let idDigits = '';
let nextId = 0;

/** Makes a request id of 128 random bits. */
export function createRequestId(): RequestId {
  if (nextId === idDigits.length) {
    idDigits = randomBytes(ID_BYTES * IDS_AT_ONCE).toString('hex');
    nextId = 0;
  }
  const start = nextId;
  nextId += ID_BYTES * 2;
  return idDigits.slice(start, nextId) as RequestId;
}
