/** The flags of `faas deploy` → the settings that the admin API takes. The host checks them all again. */
import type { Command } from 'commander';
import { HostError } from '../host/base/errors.ts';
import { parseDuration, parseSize } from '../host/base/units.ts';
import { parseDirectoryGrant, type DirectoryGrant } from './snapshot.ts';

/** What commander makes of the flags. */
export interface DeployFlags {
  readonly name?: string;
  readonly route?: readonly string[];
  readonly env?: readonly (readonly [name: string, value: string])[];
  readonly memory?: number;
  readonly timeout?: number;
  readonly concurrency?: number;
  readonly isolation: 'request' | 'reuse';
  readonly allowHost?: readonly string[];
  readonly dir?: readonly DirectoryGrant[];
}

/** Adds the flags to the command. */
export function addDeployFlags(command: Command): Command {
  return command
    .option('--name <name>', 'name of the function (default: from the file name)')
    .option(
      '--route <route>',
      "host and path that lead to it, 'api.example.com/v1/*'; repeatable",
      list(asIs),
    )
    .option('--env <name=value>', 'environment variable; repeatable', list(parseVariable))
    .option('--memory <size>', 'memory of one instance, like 64MiB', parseSize)
    .option('--timeout <duration>', 'time of one invocation, like 10s', parseDuration)
    .option('--concurrency <n>', 'invocations at once', parseCount)
    .option(
      '--isolation <mode>',
      'a fresh instance per "request", or "reuse" it',
      parseIsolation,
      'request',
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
    );
}

/** What the admin API takes, but for the artifact and the files. */
export function settingsOf(flags: DeployFlags): Record<string, unknown> {
  const limits = {
    memoryBytes: flags.memory,
    timeoutMs: flags.timeout === undefined ? undefined : Math.ceil(flags.timeout),
    concurrency: flags.concurrency,
  };
  return {
    // JSON leaves out what is undefined.
    limits,
    isolation: flags.isolation,
    environment: flags.env ?? [],
    allowedHosts: flags.allowHost ?? [],
    routes: flags.route ?? [],
  };
}

/** Collects a repeatable flag. */
function list<T>(
  parse: (text: string) => T,
): (text: string, before: readonly T[] | undefined) => readonly T[] {
  return (text, before = []) => [...before, parse(text)];
}

function asIs(text: string): string {
  return text;
}

function parseVariable(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new HostError('invalid_flag', {
    flag: '--env',
    value: text.slice(0, 100),
    reason: 'it is not NAME=VALUE',
    fix: 'Write it like --env GREETING=hello',
  });
}

/** Reads a count of at least 1. */
function parseCount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new HostError('invalid_flag', {
    flag: '--concurrency',
    value: text.slice(0, 40),
    reason: 'it is not a whole number of at least 1',
    fix: 'Write it like --concurrency 16',
  });
}

function parseIsolation(text: string): 'request' | 'reuse' {
  if (text === 'request' || text === 'reuse') return text;
  throw new HostError('invalid_flag', {
    flag: '--isolation',
    value: text.slice(0, 40),
    reason: 'there is no such mode',
    fix: 'Give "request" (a fresh instance for every request) or "reuse"',
  });
}
