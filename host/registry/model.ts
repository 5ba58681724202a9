/**
 * What the registry remembers, as plain immutable data: functions, versions, routes, changes.
 * The settings of a version are what its artifact is prepared and run with.
 */
import type { Digest, FunctionName, Namespace, VersionNumber } from '../base/ids.ts';

/**
 * What a version can serve. `http`: exports `wasi:http/incoming-handler` of 0.2 or `wasi:http/handler` of 0.3;
 * `command`: exports `wasi:cli/run` of either.
 */
export type FunctionKind = 'http' | 'command';

/** Whether invocations share an instance (`reuse`) or each gets its own (`request`). */
export type Isolation = 'request' | 'reuse';

/** A file of an uploaded snapshot. */
export interface SnapshotFile {
  /** Absolute path in the guest: `/data/a/b.txt`. */
  readonly path: string;
  readonly digest: Digest;
  readonly size: number;
  readonly modifiedMs: number;
}

/** Limits of a version. */
export interface VersionLimits {
  /** Linear memory of one instance, bytes, all its memories together. */
  readonly memoryBytes: number;
  /** Wall-clock time of one invocation, ms. */
  readonly timeoutMs: number;
  /** CPU time of one invocation, ms; counts only while guest code runs. At most `timeoutMs`. */
  readonly cpuMs: number;
  /** Invocations at once. */
  readonly concurrency: number;
  /** Requests that may wait for a place. */
  readonly queue: number;
  readonly requestBodyBytes: number;
  readonly responseBodyBytes: number;
  /** stdout and stderr of one invocation together. */
  readonly logBytes: number;
}

/**
 * Whether the state that an instance has right after it was made may be shared with others. `auto`: if it
 * called no host function until then; `shared-seed`: also if it did, so that what it read (random bytes, the
 * time) is the same in all of them; `never`: every instance starts anew.
 */
export type SnapshotRule = 'auto' | 'shared-seed' | 'never';

/** How many instances a version has, and how long each of them lives. */
export interface InstanceSettings {
  /** Kept ready, also when nothing calls. */
  readonly min: number;
  /** Most at a time, running and idle ones together; at least `min` and `limits.concurrency`. */
  readonly max: number;
  /** Invocations that one serves before it is replaced (`isolation: reuse`). */
  readonly reuseCount: number;
  /** Invocations that one serves at the same time (`isolation: reuse`); 1 but for WASI 0.3. */
  readonly concurrentReuseCount: number;
  /** Time after which one is replaced, once it is idle, ms. */
  readonly maxAgeMs: number;
  /** Time after which one that nobody uses is closed, unless it is one of the `min`, ms. */
  readonly idleTimeoutMs: number;
  readonly snapshot: SnapshotRule;
}

/** What a function may use over time, all its invocations together; absent is unlimited. */
export interface FunctionBudget {
  /** Requests a second that are let in; 0.01 to 1,000,000. */
  readonly requestsPerSecond?: number;
  /** CPU time within any minute, ms; 1 to 3,600,000. */
  readonly cpuMsPerMinute?: number;
}

/** A key-value store that a version may open; `host/key-value/store-names.ts` says what lies behind it. */
export interface KeyValueGrant {
  /** What the function opens it under: 1 to 64 letters, digits, `_`, `.` and `-`. */
  readonly label: string;
  /** Name of a store that functions of the namespace share; absent: the function's own. */
  readonly shared?: string;
}

/** Capabilities and settings of a version, apart from its code. */
export interface VersionSettings {
  readonly limits: VersionLimits;
  readonly isolation: Isolation;
  readonly instances: InstanceSettings;
  readonly budget: FunctionBudget;
  /** Whether every reply carries a `server-timing` field: kind and time of start, CPU, peak memory. */
  readonly serverTiming: boolean;
  /** In order of the flags; names are unique. */
  readonly environment: readonly (readonly [name: string, value: string])[];
  /** What `wasi:config` gives besides the environment; names are unique, also among the secrets. */
  readonly config: readonly (readonly [name: string, value: string])[];
  /** The same, and never shown: not in views, logs, metrics or messages. */
  readonly secrets: readonly (readonly [name: string, value: string])[];
  /** Labels are unique. */
  readonly keyValue: readonly KeyValueGrant[];
  /** `api.example.com`, `*.example.com`, `example.com:8443`, `10.0.0.0/8:80`, `*`. */
  readonly allowedHosts: readonly string[];
  /** Guest paths that are preopened: `/data`; every file lies below one. */
  readonly directories: readonly string[];
  readonly files: readonly SnapshotFile[];
}

/** One immutable deployment. */
export interface Version {
  readonly namespace: Namespace;
  readonly function: FunctionName;
  readonly number: VersionNumber;
  readonly artifact: Digest;
  /** Size of the artifact in bytes. */
  readonly artifactBytes: number;
  /** Key of the prepared artifact: digest of artifact digest, preparer version and preparing settings. */
  readonly prepared: Digest;
  readonly kind: FunctionKind;
  readonly settings: VersionSettings;
  readonly createdMs: number;
  /** Id of the token that deployed it. */
  readonly createdBy: string;
}

/** A pattern that leads to a function besides its own host and path prefix. */
export interface Route {
  /** Lower case, without port; `*` for any; `*.example.com` for subdomains. */
  readonly host: string;
  /** `/v1/*` (prefix) or `/exact`. */
  readonly path: string;
}

/** A function with its live version. */
export interface FunctionRecord {
  readonly namespace: Namespace;
  readonly name: FunctionName;
  /** The version that alias `live` points at. */
  readonly live: Version;
  readonly routes: readonly Route[];
  readonly createdMs: number;
  readonly updatedMs: number;
}

/** Who changed what and when. */
export interface Change {
  readonly atMs: number;
  readonly by: string;
  readonly action: 'deploy' | 'rollback' | 'delete' | 'token-create';
  readonly namespace: Namespace;
  readonly function: FunctionName | undefined;
  readonly detail: string;
}

/** All that the data plane must know, replaced as a whole at every change. */
export interface RouteSnapshot {
  /** Grows by one with every change. */
  readonly epoch: number;
  readonly functions: ReadonlyMap<FunctionName, FunctionRecord>;
}
