/** The flags of `faas deploy` → the settings that the admin API takes. The host checks them all again. */
import type { Command } from 'commander';
import { parseDuration, parseSize } from '../host/base/units.ts';
import type { Isolation, KeyValueGrant, SnapshotRule } from '../host/registry/model.ts';
import {
  asIs,
  list,
  parseRate,
  parseStoreGrant,
  readCount,
  readVariable,
  readWord,
} from './flag-values.ts';
import { parseDirectoryGrant, type DirectoryGrant } from './snapshot.ts';

/** What commander makes of the flags. */
export interface DeployFlags {
  readonly name?: string;
  readonly route?: readonly string[];
  readonly env?: readonly (readonly [name: string, value: string])[];
  readonly memory?: number;
  readonly timeout?: number;
  readonly cpu?: number;
  readonly concurrency?: number;
  readonly isolation?: Isolation;
  readonly minInstances?: number;
  readonly maxInstances?: number;
  readonly maxInstanceReuseCount?: number;
  readonly maxInstanceConcurrentReuseCount?: number;
  readonly maxInstanceAge?: number;
  readonly idleInstanceTimeout?: number;
  readonly snapshot?: SnapshotRule;
  readonly maxRps?: number;
  readonly cpuPerMinute?: number;
  readonly serverTiming?: boolean;
  readonly configVar?: readonly (readonly [name: string, value: string])[];
  readonly secret?: readonly (readonly [name: string, value: string])[];
  readonly keyValue?: readonly KeyValueGrant[];
  readonly allowHost?: readonly string[];
  readonly dir?: readonly DirectoryGrant[];
}

const ISOLATIONS: readonly Isolation[] = ['request', 'reuse'];
const SNAPSHOT_RULES: readonly SnapshotRule[] = ['auto', 'shared-seed', 'never'];

/** Adds the flags to the command. */
export function addDeployFlags(command: Command): Command {
  return addBudgetFlags(addInstanceFlags(addGrantFlags(addMainFlags(command))));
}

function addMainFlags(command: Command): Command {
  return command
    .option('--name <name>', 'name of the function (default: from the manifest or the file name)')
    .option(
      '--route <route>',
      "host and path that lead to it, 'api.example.com/v1/*'; repeatable",
      list(asIs),
    )
    .option('--env <name=value>', 'environment variable; repeatable', list(readVariable('--env')))
    .option('--memory <size>', 'memory of one instance, like 64MiB', parseSize)
    .option('--timeout <duration>', 'time of one invocation, like 10s', parseDuration)
    .option('--cpu <duration>', 'CPU time of one invocation, like 50ms', parseDuration)
    .option('--concurrency <n>', 'invocations at once', readCount('--concurrency', 1))
    .option(
      '--isolation <mode>',
      '"request" (default): no invocation sees what another left; "reuse": on the same instance, several at once with WASI 0.3',
      readWord('--isolation', ISOLATIONS),
    )
    .option(
      '--allow-host <host>',
      'host it may call, like api.example.com or *.example.com:8443; repeatable',
      list(asIs),
    )
    .option(
      '--dir <host::guest>',
      'directory to take along, like ./public::/public; repeatable',
      list(parseDirectoryGrant),
    )
    .option('--server-timing', 'every reply says how it was made, in its server-timing field');
}

function addGrantFlags(command: Command): Command {
  return command
    .option(
      '--config-var <name=value>',
      'value that it reads by wasi:config; repeatable',
      list(readVariable('--config-var')),
    )
    .option(
      '--secret <name=value>',
      'the same, and never shown or logged; repeatable',
      list(readVariable('--secret', 'hidden')),
    )
    .option(
      '--key-value <label>',
      'key-value store it may open, "default" or any name; LABEL=NAME for a shared one; repeatable',
      list(parseStoreGrant),
    );
}

function addInstanceFlags(command: Command): Command {
  return command
    .option('--min-instances <n>', 'instances kept ready', readCount('--min-instances', 0))
    .option('--max-instances <n>', 'most instances at a time', readCount('--max-instances', 1))
    .option(
      '--max-instance-reuse-count <n>',
      'invocations that one instance serves',
      readCount('--max-instance-reuse-count', 1),
    )
    .option(
      '--max-instance-concurrent-reuse-count <n>',
      'invocations that one instance serves at once; more than 1 for WASI 0.3 only',
      readCount('--max-instance-concurrent-reuse-count', 1),
    )
    .option('--max-instance-age <duration>', 'age of an instance, like 1h', parseDuration)
    .option(
      '--idle-instance-timeout <duration>',
      'time after which an instance that nobody uses is closed, like 30s',
      parseDuration,
    )
    .option(
      '--snapshot <rule>',
      'whether instances share their initial state: "auto", "shared-seed" or "never"',
      readWord('--snapshot', SNAPSHOT_RULES),
    );
}

function addBudgetFlags(command: Command): Command {
  return command
    .option('--max-rps <n>', 'requests a second that are let in, like 100', parseRate)
    .option('--cpu-per-minute <duration>', 'CPU time within a minute, like 30s', parseDuration);
}

/** What the admin API takes, but for the artifact and the files. */
export function settingsOf(flags: DeployFlags): Record<string, unknown> {
  // JSON leaves out what is undefined.
  const limits = {
    memoryBytes: flags.memory,
    timeoutMs: wholeMs(flags.timeout),
    cpuMs: wholeMs(flags.cpu),
    concurrency: flags.concurrency,
  };
  const instances = {
    min: flags.minInstances,
    max: flags.maxInstances,
    reuseCount: flags.maxInstanceReuseCount,
    concurrentReuseCount: flags.maxInstanceConcurrentReuseCount,
    maxAgeMs: wholeMs(flags.maxInstanceAge),
    idleTimeoutMs: wholeMs(flags.idleInstanceTimeout),
    snapshot: flags.snapshot,
  };
  const budget = {
    requestsPerSecond: flags.maxRps,
    cpuMsPerMinute: wholeMs(flags.cpuPerMinute),
  };
  return {
    limits,
    isolation: flags.isolation,
    instances,
    budget,
    serverTiming: flags.serverTiming,
    environment: flags.env ?? [],
    config: flags.configVar ?? [],
    secrets: flags.secret ?? [],
    keyValue: flags.keyValue ?? [],
    allowedHosts: flags.allowHost ?? [],
    routes: flags.route ?? [],
  };
}

function wholeMs(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.ceil(ms);
}
