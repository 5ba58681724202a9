/** Function records → the frozen snapshot that the data plane reads, and the next one after a change. */
import { DEFAULT_NAMESPACE, type FunctionName } from '../base/ids.ts';
import { deepFreeze } from './deep-freeze.ts';
import type { FunctionRecord, RouteSnapshot } from './model.ts';

/**
 * Builds a snapshot. It holds the functions of the default namespace: names lead to functions by
 * themselves there, and URLs say no namespace yet.
 */
export function createSnapshot(epoch: number, records: Iterable<FunctionRecord>): RouteSnapshot {
  const functions = new Map<FunctionName, FunctionRecord>();
  for (const record of records) {
    if (record.namespace === DEFAULT_NAMESPACE) functions.set(record.name, deepFreeze(record));
  }
  return Object.freeze({ epoch, functions });
}

/**
 * Builds the snapshot after one change. Copies the map (10,000 functions: under a millisecond), not the records.
 *
 * @param change The function's new state, or the name of a deleted one.
 */
export function changeSnapshot(
  snapshot: RouteSnapshot,
  epoch: number,
  change: { readonly record: FunctionRecord } | { readonly deleted: FunctionName },
): RouteSnapshot {
  const functions = new Map(snapshot.functions);
  if ('deleted' in change) functions.delete(change.deleted);
  else functions.set(change.record.name, deepFreeze(change.record));
  return Object.freeze({ epoch, functions });
}
