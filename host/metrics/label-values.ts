/**
 * The values that labels may have, as sets: for those that look at reports of another process. The types say that
 * none is missing and none too many.
 */
import type {
  EvictionReason,
  InvocationReport,
  Outcome,
  StartKind,
  StartPhases,
  StartWay,
} from './observer.ts';

/** The set of the keys of a record that must name each value of a type. */
function setOf<T extends string>(values: Readonly<Record<T, true>>): ReadonlySet<T> {
  return new Set(Object.keys(values) as T[]);
}

export const OUTCOMES = setOf<Outcome>({
  ok: true,
  guest_error: true,
  trap: true,
  cpu_limit: true,
  memory_limit: true,
  timeout: true,
  cancelled: true,
  overloaded: true,
  instance_lost: true,
  host_error: true,
});

export const TRIGGERS = setOf<InvocationReport['trigger']>({ http: true, invoke: true });

export const START_KINDS = setOf<StartKind>({ cold: true, warm: true, hot: true });

/** Of an invocation; `none`: it got no instance. */
export const INVOCATION_STARTS = setOf<StartKind | 'none'>({
  cold: true,
  warm: true,
  hot: true,
  none: true,
});

export const START_PHASES = setOf<keyof StartPhases>({
  read: true,
  compile: true,
  instantiate: true,
  total: true,
});

export const START_WAYS = setOf<StartWay>({
  cold: true,
  fresh: true,
  prewarmed: true,
  reset: true,
  hot: true,
});

export const EVICTION_REASONS = setOf<EvictionReason>({
  served: true,
  failed: true,
  grown: true,
  not_reset: true,
  count: true,
  age: true,
  idle: true,
  pressure: true,
  unusable: true,
  closing: true,
});
