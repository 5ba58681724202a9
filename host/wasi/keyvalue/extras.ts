/** `faas:keyvalue/extras` (`sdk/wit/faas-keyvalue/extras.wit`): what our stores can do beside the drafts of WASI. */
import type { HostInterface } from '../../component/host-interface.ts';
import type { KeyValueEntry } from '../../key-value/key-value-store.ts';
import type { Guest } from '../ports.ts';
import { Bucket } from './bucket.ts';
import { callStore } from './call-store.ts';

/** The record `write-options`. */
interface WriteOptions {
  readonly ttlMs: bigint | undefined;
  readonly metadata: string | undefined;
}

/** The record `entry`. */
interface WitEntry {
  readonly value: Uint8Array;
  readonly metadata: string | undefined;
  readonly expiresAtMs: bigint | undefined;
  readonly revision: bigint;
}

/** The record `page`. */
interface WitPage {
  readonly keys: readonly {
    readonly key: string;
    readonly size: bigint;
    readonly metadata: string | undefined;
    readonly expiresAtMs: bigint | undefined;
  }[];
  readonly cursor: string | undefined;
}

/** The variant `swap-outcome`. */
type WitSwapOutcome =
  | { readonly tag: 'swapped'; readonly val: bigint }
  | { readonly tag: 'changed'; readonly val: WitEntry | undefined };

/** No key ever has it. */
const NO_REVISION = Number.MAX_SAFE_INTEGER;

/** The interface `faas:keyvalue/extras`. */
export const faasKeyvalueExtras: HostInterface = {
  name: 'faas:keyvalue/extras',
  versions: { from: '0.1.0', to: '0.1.0' },
  functions: { get, set, 'list-keys': listKeys, 'compare-and-swap': compareAndSwap },
  resources: {},
  blocking: ['get', 'set', 'list-keys', 'compare-and-swap'],
};

function get(guest: Guest, bucket: Bucket, key: string): Promise<WitEntry | undefined> {
  return callStore(guest, async () => toWit((await Bucket.storeOf(bucket).get([key]))[0]));
}

function set(
  guest: Guest,
  bucket: Bucket,
  key: string,
  value: Uint8Array,
  options: WriteOptions,
): Promise<bigint> {
  const write = { key, value, ...fromWit(options) };
  return callStore(guest, async () => BigInt(await Bucket.storeOf(bucket).set([write])));
}

function listKeys(
  guest: Guest,
  bucket: Bucket,
  prefix: string,
  cursor: string | undefined,
  limit: number,
): Promise<WitPage> {
  return callStore(guest, async () => {
    const page = await Bucket.storeOf(bucket).listKeys({ prefix, cursor, limit });
    const keys = page.keys.map(({ key, size, metadata, expiresAtMs }) => ({
      key,
      size: BigInt(size),
      metadata,
      expiresAtMs: expiresAtMs === undefined ? undefined : BigInt(expiresAtMs),
    }));
    return { keys, cursor: page.cursor };
  });
}

function compareAndSwap(
  guest: Guest,
  bucket: Bucket,
  key: string,
  revision: bigint | undefined,
  value: Uint8Array,
  options: WriteOptions,
): Promise<WitSwapOutcome> {
  const write = { key, value, ...fromWit(options) };
  return callStore(guest, async () => {
    const outcome = await Bucket.storeOf(bucket).compareAndSwap(write, revisionOf(revision));
    if (outcome.swapped) return { tag: 'swapped', val: BigInt(outcome.revision) };
    return { tag: 'changed', val: toWit(outcome.entry) };
  });
}

/** None stands for a key that is not there; 0, which no key has, for none at all. */
function revisionOf(revision: bigint | undefined): number {
  if (revision === undefined) return 0;
  return revision === 0n || revision > NO_REVISION ? NO_REVISION : Number(revision);
}

function fromWit({ ttlMs, metadata }: WriteOptions): { ttlMs?: number; metadata?: string } {
  return {
    // As numbers, times beyond the year 10,000 are less exact.
    ...(ttlMs === undefined ? {} : { ttlMs: Number(ttlMs) }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

function toWit(entry: KeyValueEntry | undefined): WitEntry | undefined {
  if (entry === undefined) return undefined;
  const { value, metadata, expiresAtMs, revision } = entry;
  return {
    value,
    metadata,
    expiresAtMs: expiresAtMs === undefined ? undefined : BigInt(expiresAtMs),
    revision: BigInt(revision),
  };
}
