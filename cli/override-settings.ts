/**
 * Flags over a manifest: single values replace, `--env`, `--config-var` and `--secret` replace those of the same
 * name, and any other list replaces the whole list.
 */
import { parseFunctionName } from '../host/base/ids.ts';
import { settingsOf, type DeployFlags } from './deploy-flags.ts';
import type { LocalDeployment } from './deploy-to-host.ts';

/** Settings whose elements have names. */
const NAMED = new Set(['environment', 'config', 'secrets']);
type Variable = readonly [name: string, value: string];
type Tree = Readonly<Record<string, unknown>>;

/** Lays the flags on a deployment. */
export function overrideDeployment(
  deployment: LocalDeployment,
  flags: DeployFlags,
): LocalDeployment {
  const settings: Record<string, unknown> = { ...deployment.settings };
  for (const [key, value] of Object.entries(settingsOf(flags))) {
    settings[key] = overrideSetting(key, settings[key], value);
  }
  return {
    ...deployment,
    name: flags.name === undefined ? deployment.name : parseFunctionName(flags.name),
    directories: flags.dir ?? deployment.directories,
    settings,
  };
}

function overrideSetting(key: string, before: unknown, value: unknown): unknown {
  if (Array.isArray(value)) {
    if (value.length === 0) return before;
    return NAMED.has(key) ? overrideVariables(before, value) : value;
  }
  if (!isTree(value)) return value ?? before;
  const given = Object.entries(value).filter(([, part]) => part !== undefined);
  return { ...(before as Tree | undefined), ...Object.fromEntries(given) };
}

function overrideVariables(before: unknown, given: readonly Variable[]): readonly Variable[] {
  const names = new Set(given.map(([name]) => name));
  const kept = ((before ?? []) as readonly Variable[]).filter(([name]) => !names.has(name));
  return [...kept, ...given];
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null;
}
