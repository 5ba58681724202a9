/** Route snapshots of versions that nobody runs, for tests of what follows them. */
import type { FunctionName, VersionNumber } from '../../../host/base/ids.ts';
import type { RouteSnapshot, Version } from '../../../host/registry/model.ts';
import { createRecord, createSnapshot } from '../../traffic/test-records.ts';

/** Names a function. */
export const named = (name: string): FunctionName => name as FunctionName;

/** A version of a function. */
export function versionOf(name: string, number = 1, createdMs = 1000): Version {
  return { ...createRecord(name).live, number: number as VersionNumber, createdMs };
}

/** A snapshot in which these versions are live. */
export function deployed(...versions: readonly Version[]): RouteSnapshot {
  return createSnapshot(
    ...versions.map((live) => Object.assign(createRecord(live.function), { live })),
  );
}
