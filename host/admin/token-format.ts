/**
 * The text of an admin token ↔ its parts: `faas_<id>_<secret>`.
 *
 * The id finds the record and may be shown; the secret has 256 random bits and is known here only as
 * its SHA-256, which needs no salt and no slowness for a secret that nobody chose.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { TokenRecord } from '../registry/registry.ts';

/** What a token may do; each scope includes those before it: `read`, `deploy`, `admin`. */
export type Scope = TokenRecord['scopes'][number];

/** Scopes from the weakest to the strongest. */
export const SCOPES: readonly Scope[] = ['read', 'deploy', 'admin'];

const ID_BYTES = 6;
const SECRET_BYTES = 32;

/** A new token: what the registry keeps, and what its owner keeps. */
export interface NewToken {
  readonly record: TokenRecord;
  /** The token itself; shown once. */
  readonly text: string;
}

/** Makes a token with fresh random id and secret. */
export function createToken(name: string, scopes: readonly Scope[], createdMs: number): NewToken {
  const id = randomBytes(ID_BYTES).toString('hex');
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const secretHash = hashSecret(secret).toString('hex');
  return { record: { id, name, scopes, secretHash, createdMs }, text: `faas_${id}_${secret}` };
}

/** Reads a token; undefined if it is none. */
export function parseToken(text: string): { id: string; secretHash: Buffer } | undefined {
  const match = /^faas_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/.exec(text);
  const [, id, secret] = match ?? [];
  if (id === undefined || secret === undefined) return undefined;
  return { id, secretHash: hashSecret(secret) };
}

/** Whether a token with these scopes may do what needs `wanted`. */
export function allowsScope(scopes: readonly Scope[], wanted: Scope): boolean {
  return scopes.some((scope) => SCOPES.indexOf(scope) >= SCOPES.indexOf(wanted));
}

function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
