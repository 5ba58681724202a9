/**
 * What may be asked of a store, checked before it costs anything: by the client, so that a guest's mistake never
 * leaves its process, and again by the driver, which believes no other process.
 */
import { HostError } from '../base/errors.ts';
import type { KeyValueLimits, KeyValueWrite } from './key-value-store.ts';

/** Longest whole name of a store: namespace, function and label. */
const MAX_STORE_NAME = 256;

/** Checks the whole name of a store. @throws {invalid_store} If it is empty or too long. */
export function checkStoreName(name: string): void {
  if (name !== '' && name.length <= MAX_STORE_NAME && name.isWellFormed()) return;
  throw new HostError('invalid_store', {
    value: name.slice(0, 80),
    reason: `its name is not 1 to ${MAX_STORE_NAME} characters`,
  });
}

/** Checks a key. @returns Its bytes. @throws {invalid_key} If it is empty, too long, or no text. */
export function checkKey(key: string, { keyBytes }: KeyValueLimits): Buffer {
  const bytes = Buffer.from(key);
  if (bytes.length === 0) throw refuseKey(key, 'it is empty');
  if (!key.isWellFormed()) throw refuseKey(key, 'it is no Unicode text');
  if (bytes.length > keyBytes) {
    throw refuseKey(key, `it has ${bytes.length} bytes and may have ${keyBytes}`);
  }
  return bytes;
}

/** Checks the keys of one call. @throws {key_value_refused} If there are too many. */
export function checkKeys(keys: readonly string[], limits: KeyValueLimits): void {
  if (keys.length > limits.keysAtOnce) {
    throw refuse('use so many keys', `they are ${keys.length}; ${limits.keysAtOnce} may be`);
  }
  for (const key of keys) checkKey(key, limits);
}

/** Checks what is to be written. @throws {HostError} `invalid_key` or `key_value_refused`. */
export function checkWrites(writes: readonly KeyValueWrite[], limits: KeyValueLimits): void {
  checkKeys(
    writes.map(({ key }) => key),
    limits,
  );
  let total = 0;
  for (const { value, metadata = '', ttlMs } of writes) {
    if (value.byteLength > limits.valueBytes) {
      const has = `it has ${value.byteLength} bytes and may have ${limits.valueBytes}`;
      throw refuse('write the value', has);
    }
    const metadataBytes = Buffer.byteLength(metadata);
    if (metadataBytes > limits.metadataBytes || !metadata.isWellFormed()) {
      const has = `it has ${metadataBytes} bytes and may have ${limits.metadataBytes}`;
      throw refuse('write the metadata', has);
    }
    if (ttlMs !== undefined && !(ttlMs >= 1)) {
      throw refuse('write the value', 'its time to live is not 1 ms or more');
    }
    total += value.byteLength;
  }
  checkTotal('write', total, limits);
}

/** Checks the size of the values of one call together. @throws {key_value_refused} If it is too large. */
export function checkTotal(action: 'read' | 'write', total: number, limits: KeyValueLimits): void {
  if (total <= limits.callBytes) return;
  const has = `they have ${total} bytes together, and ${limits.callBytes} may be`;
  throw refuse(`${action} so many values at once`, has);
}

/** The error of something that cannot be done because of how it was asked for. */
export function refuse(action: string, reason: string): HostError {
  return new HostError('key_value_refused', { action, reason });
}

function refuseKey(key: string, reason: string): HostError {
  return new HostError('invalid_key', { key: key.slice(0, 80).toWellFormed(), reason });
}
