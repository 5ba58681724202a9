/** What the routes of the admin API work with, given once by the host. */
import type { ArtifactStore } from '../artifacts/store.ts';
import type { Clock } from '../base/clock.ts';
import type { Config } from '../config/schema.ts';
import type { Deployer } from '../deploy/deployer.ts';
import type { CallFunction } from '../invoke/collected-call.ts';
import type { KeyValueStore } from '../key-value/key-value-store.ts';
import type { GuestLog } from '../logs/guest-log.ts';
import type { Log } from '../logs/log.ts';
import type { Observer } from '../metrics/observer.ts';
import type { Version } from '../registry/model.ts';
import type { Registry } from '../registry/registry.ts';
import type { ArtifactCollector } from './artifact-collector.ts';
import type { Authoriser } from './authorise.ts';
import type { QuarantineKeeper } from './quarantine-keeper.ts';
import type { Tokens } from './tokens.ts';

/** What the host gives to the admin API. */
export interface AdminOptions {
  readonly config: Config;
  readonly log: Log;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly artifacts: ArtifactStore;
  readonly deployer: Deployer;
  /** Calls a function for `faas invoke`. */
  readonly callFunction: CallFunction;
  /** How the instances of a version are got and why, for people; nothing if it had none lately. */
  readonly describeInstances: (version: Version) => Promise<readonly string[]>;
  /** Which functions are not run because they stopped workers; absent: nobody watches. */
  readonly quarantine?: QuarantineKeeper | undefined;
  /**
   * Replaces the workers. @returns How many.
   *
   * @throws {reload_needs_workers} If the host is one process.
   */
  readonly reload: () => Promise<number>;
  /**
   * Closes the instances of a version and drops its module; absent: nobody can ask for it.
   *
   * @returns How many processes had the module in their cache.
   */
  readonly evict?: (version: Version) => Promise<number>;
  /** The key-value stores; absent: they are refused. */
  readonly keyValue?: KeyValueStore | undefined;
  readonly guestLog: GuestLog;
  readonly observer: Observer;
  readonly metrics: { render(): Promise<string>; readonly contentType: string };
  /** Whether the data plane serves. */
  readonly isReady: () => boolean;
  /** Base URL of the data plane, once it listens: `http://127.0.0.1:8080`. */
  readonly dataUrl: () => string | undefined;
  /** Release of this host. */
  readonly version: string;
  /** Which engines run components, for people. */
  readonly engine: string;
}

/** The same, and what the admin API made itself. */
export interface AdminParts extends AdminOptions {
  readonly tokens: Tokens;
  readonly authoriser: Authoriser;
  readonly collector: ArtifactCollector;
  /** Aborts when the admin API closes: answers without end come to their end. */
  readonly closing: AbortSignal;
}
