/** Names of what is bounded over all workers of a host, in their messages. */
import type { QuotaKind } from './quota-messages.ts';

/** What a key is made of; a version has all of it. */
export interface KeyedVersion {
  readonly namespace: string;
  readonly function: string;
  readonly number: number;
  readonly createdMs: number;
}

/** Memory of all instances, in chunks. */
export const MEMORY_KEY = 'memory:';

/** Of a function, whatever its version: budgets over time. */
export function functionKeyOf(version: Pick<KeyedVersion, 'namespace' | 'function'>): string {
  return `${version.namespace}/${version.function}`;
}

/** Of one version: places and instances. */
export function versionKeyOf(version: KeyedVersion): string {
  // A deleted and newly deployed function starts at version 1 again: its creation time tells them apart.
  return `${functionKeyOf(version)}/${version.number}/${version.createdMs}`;
}

/** Of something of a version that is counted. */
export function countKeyOf(kind: QuotaKind, versionKey: string): string {
  return `${kind}:${versionKey}`;
}
