/**
 * What runtime code reports while it works. Nothing below `metrics/` knows who listens; the default
 * listens to nothing. Not called on a per-host-call path.
 */

/** How an invocation ended. */
export type Outcome =
  | 'ok'
  | 'guest_error'
  | 'trap'
  | 'cpu_limit'
  | 'memory_limit'
  | 'timeout'
  | 'cancelled'
  | 'overloaded'
  | 'instance_lost'
  | 'host_error';

/** How an invocation got its instance. */
export type StartKind = 'cold' | 'warm' | 'hot';

/** Where an invocation's instance came from; finer than the start, of which `warm` is three. */
export type StartWay =
  /** Made in the request, which had to load the module first. */
  | 'cold'
  /** Made in the request. */
  | 'fresh'
  /** Made before there was a request. */
  | 'prewarmed'
  /** Has served before and was put back to its initial state. */
  | 'reset'
  /** Has served before and was kept as it was (`isolation: reuse`). */
  | 'hot';

/** What a live instance does: `warm` ones were made ahead, `idle` ones have served. */
export type InstanceState = 'running' | 'idle' | 'warm';

/** Why an instance was closed. */
export type EvictionReason =
  /** It served, and a fresh one costs less than resetting it. */
  | 'served'
  /** The invocation did not end well: trap, exit, time-out, client gone. */
  | 'failed'
  /** Its memory has grown. */
  | 'grown'
  /** It could not be reset. */
  | 'not_reset'
  /** It has served as often as one may. */
  | 'count'
  | 'age'
  /** Nobody used it for a while. */
  | 'idle'
  /** The host needed what it took. */
  | 'pressure'
  /** It was made ahead, and its kind of function cannot use such a one. */
  | 'unusable'
  /** Its version is no longer live, or the host closes. */
  | 'closing';

/** How long each part of a start took, in seconds; parts that did not happen are absent. */
export interface StartPhases {
  readonly read?: number;
  readonly compile?: number;
  readonly instantiate?: number;
  /** From the moment the instance was asked for until its export was called. */
  readonly total: number;
}

/** One finished invocation. */
export interface InvocationReport {
  readonly function: string;
  readonly version: number;
  readonly trigger: 'http' | 'invoke';
  readonly outcome: Outcome;
  /** Absent if no instance was ever made. */
  readonly start?: StartKind | undefined;
  readonly seconds: number;
  /** Absent if no instance was ever made. */
  readonly peakMemoryBytes?: number | undefined;
  /** CPU time of the guest and of the host for it. Absent if no instance was ever made. */
  readonly cpuSeconds?: number | undefined;
}

/** Receives reports. */
export interface Observer {
  invocation(report: InvocationReport): void;
  start(functionName: string, kind: StartKind, phases: StartPhases): void;
  /** Instances entering and leaving a state: +1 or -1. */
  instances(functionName: string, state: InstanceState, change: 1 | -1): void;
  /** An invocation got its instance. */
  instanceStart(functionName: string, way: StartWay): void;
  /** An instance was closed. */
  evicted(functionName: string, reason: EvictionReason): void;
  /** The number of instances that should be there changed, by `change`. */
  instancesWanted(functionName: string, change: number): void;
  cache(event: 'hit' | 'miss' | 'eviction'): void;
  /** `limit`: `cpu`, `memory`, `host_memory`, `timeout`, `rate`, `cpu_budget`, `request_body`, `log`, `queue` … */
  limitExceeded(functionName: string, limit: string): void;
  /** Requests entering and leaving a function's queue: +1 or -1. */
  queue(functionName: string, change: 1 | -1): void;
  /** A request refused because the queue was full. */
  shed(functionName: string): void;
  deploy(result: 'created' | 'unchanged' | 'refused' | 'failed'): void;
  /**
   * Stored bytes were found damaged: prepared files that were replaced (`mended`), or artifacts and snapshot files
   * that cannot be used (`quarantined`) until they are whole again (`lifted`).
   */
  artifactDamage(event: 'mended' | 'quarantined' | 'lifted'): void;
  /** A function was deleted: its series end. */
  forget(functionName: string): void;
}

/** Listens to nothing. */
export const silentObserver: Observer = Object.freeze({
  invocation: () => {},
  start: () => {},
  instances: () => {},
  instanceStart: () => {},
  evicted: () => {},
  instancesWanted: () => {},
  cache: () => {},
  limitExceeded: () => {},
  queue: () => {},
  shed: () => {},
  deploy: () => {},
  artifactDamage: () => {},
  forget: () => {},
});
