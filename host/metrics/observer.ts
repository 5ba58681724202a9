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
  readonly start?: StartKind;
  readonly seconds: number;
  /** Absent if no instance was ever made. */
  readonly peakMemoryBytes?: number;
}

/** Receives reports. */
export interface Observer {
  invocation(report: InvocationReport): void;
  start(functionName: string, kind: StartKind, phases: StartPhases): void;
  /** Instances entering and leaving a state: +1 or -1. */
  instances(functionName: string, state: 'running' | 'idle', change: 1 | -1): void;
  cache(event: 'hit' | 'miss' | 'eviction'): void;
  /** `limit`: `memory`, `timeout`, `request_body`, `response_body`, `log`, `queue`, `concurrency` … */
  limitExceeded(functionName: string, limit: string): void;
  /** Requests entering and leaving a function's queue: +1 or -1. */
  queue(functionName: string, change: 1 | -1): void;
  /** A request refused because the queue was full. */
  shed(functionName: string): void;
  deploy(result: 'created' | 'unchanged' | 'refused' | 'failed'): void;
  /** A function was deleted: its series end. */
  forget(functionName: string): void;
}

/** Listens to nothing. */
export const silentObserver: Observer = Object.freeze({
  invocation: () => {},
  start: () => {},
  instances: () => {},
  cache: () => {},
  limitExceeded: () => {},
  queue: () => {},
  shed: () => {},
  deploy: () => {},
  forget: () => {},
});
