/**
 * What the driver's process answers to those who are linked to it: checks what is asked, reads at once, and gives
 * changes to the queue. Any process that serves functions may ask for any store: which function may open which one is
 * decided there, from what was deployed.
 */
import type { RpcHandler } from '../links/rpc-link.ts';
import { checkKey, checkKeys, checkStoreName, checkWrites } from './check-request.ts';
import type { ChangeValue, CommitQueue } from './commit-queue.ts';
import type { KeyValueLimits, KeyValueWrite, SwapOutcome } from './key-value-store.ts';
import type { SqliteStore } from './sqlite-store.ts';
import {
  bigintOf,
  decodeQuery,
  decodeWrite,
  encodeEntry,
  encodeSwap,
  fieldsOf,
  listOf,
  numberOf,
  textOf,
} from './wire.ts';

/** Counted for a call that waits, besides its keys and values. */
const CALL_BYTES = 512;

/** Makes the handlers of a link, by method. */
export function createHandlers(
  store: SqliteStore,
  queue: CommitQueue,
  limits: KeyValueLimits,
): Readonly<Record<string, RpcHandler>> {
  return {
    ping: () => null,
    get: (params) => {
      const { name, keys } = readKeys(params, limits);
      return store.get(name, keys).map(encodeEntry);
    },
    exists: (params) => {
      const { name, fields } = readStore(params);
      return store.exists(name, readKey(fields, limits));
    },
    list: (params) => {
      const { name, fields } = readStore(params);
      return store.listKeys(name, decodeQuery(fields['query']));
    },
    set: async (params) => {
      const { name, fields } = readStore(params);
      const writes = listOf(fields['writes'], decodeWrite);
      checkWrites(writes, limits);
      return await queue.push({ kind: 'set', store: name, writes }, sizeOf(writes));
    },
    delete: async (params) => {
      const { name, keys } = readKeys(params, limits);
      const bytes = keys.reduce((sum, key) => sum + key.length, CALL_BYTES);
      return await queue.push({ kind: 'delete', store: name, keys }, bytes);
    },
    increment: async (params) => {
      const { name, fields } = readStore(params);
      const key = readKey(fields, limits);
      const [delta, min, max] = [fields['delta'], fields['min'], fields['max']].map(bigintOf);
      const range = { delta: delta ?? 0n, min: min ?? 0n, max: max ?? 0n };
      const change = { kind: 'increment', store: name, key, ...range } as const;
      return asNumber(await queue.push(change, CALL_BYTES));
    },
    swap: async (params) => {
      const { name, fields } = readStore(params);
      const write = decodeWrite(fields['write']);
      checkWrites([write], limits);
      const revision = numberOf(fields['revision']);
      const change = { kind: 'swap', store: name, write, revision } as const;
      return encodeSwap(asSwap(await queue.push(change, sizeOf([write]))));
    },
    drop: async (params) => {
      const prefix = textOf(fieldsOf(params)['prefix']);
      // An empty one would drop everything.
      checkStoreName(prefix);
      return await queue.push({ kind: 'drop', prefix }, CALL_BYTES);
    },
  };
}

function readStore(params: unknown): { name: string; fields: Readonly<Record<string, unknown>> } {
  const fields = fieldsOf(params);
  const name = textOf(fields['store']);
  checkStoreName(name);
  return { name, fields };
}

function readKey(fields: Readonly<Record<string, unknown>>, limits: KeyValueLimits): string {
  const key = textOf(fields['key']);
  checkKey(key, limits);
  return key;
}

function readKeys(
  params: unknown,
  limits: KeyValueLimits,
): { name: string; keys: readonly string[] } {
  const { name, fields } = readStore(params);
  const keys = listOf(fields['keys'], textOf);
  checkKeys(keys, limits);
  return { name, keys };
}

function sizeOf(writes: readonly KeyValueWrite[]): number {
  return writes.reduce(
    (sum, { key, value, metadata = '' }) => sum + key.length + value.byteLength + metadata.length,
    CALL_BYTES,
  );
}

function asNumber(value: ChangeValue): string {
  if (typeof value === 'bigint') return value.toString();
  throw new TypeError('an addition has no number');
}

function asSwap(value: ChangeValue): SwapOutcome {
  if (typeof value === 'object') return value;
  throw new TypeError('a swap has no outcome');
}
