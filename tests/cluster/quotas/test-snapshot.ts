/** A snapshot with one function, of which a test says the limits. */
import type { FunctionBudget, RouteSnapshot, Version } from '../../../host/registry/model.ts';
import type { VersionNumber } from '../../../host/base/ids.ts';
import { createRecord } from '../../traffic/test-records.ts';

/** What a test says. */
export interface TestLimits {
  readonly number?: number;
  readonly concurrency?: number;
  readonly queue?: number;
  readonly max?: number;
  readonly budget?: FunctionBudget;
}

/** The snapshot, and its live version. */
export function createTestSnapshot(limits: TestLimits): { snapshot: RouteSnapshot; live: Version } {
  const { number = 1, concurrency = 1, queue = 0, max = concurrency, budget = {} } = limits;
  const record = createRecord('app');
  const { settings } = record.live;
  const live: Version = {
    ...record.live,
    number: number as VersionNumber,
    settings: {
      ...settings,
      limits: { ...settings.limits, concurrency, queue },
      instances: { ...settings.instances, max },
      budget,
    },
  };
  const functions = new Map([[record.name, { ...record, live }]]);
  return { snapshot: { epoch: number, functions }, live };
}
