/**
 * Puts the configuration together: defaults ← config file ← environment ← flags. Validated once,
 * strictly, and frozen. A mistake names the key, what was given, what is expected and where it is from.
 */
import { readFile } from 'node:fs/promises';
import { HostError } from '../base/errors.ts';
import { findNearest } from '../base/nearest.ts';
import { listConfigKeys } from './config-keys.ts';
import { describeExpected, describeGiven } from './describe-setting.ts';
import { findJsonError } from './json-error.ts';
import { parseAdminAddress, parseListenAddress } from './listen-address.ts';
import { configSchema, type Config } from './schema.ts';

/** Where settings come from. */
export interface ConfigSources {
  /** Path of the JSON file that `--config` names. */
  readonly file?: string | undefined;
  /** `FAAS_DATA_DIR` sets `dataDir`; nothing else is read. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Settings by flag, in the shape of the file; undefined values do not count. */
  readonly overrides: Readonly<Record<string, unknown>>;
  /** `dataDir` where nothing names one. */
  readonly defaultDataDir: string;
}

type Tree = Readonly<Record<string, unknown>>;

/** A named part of the settings; later ones win. */
interface Layer {
  readonly name: string;
  readonly settings: Tree;
}

/** Largest config file that is read. */
const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Loads, merges and validates the configuration.
 *
 * @throws {config_unreadable} If the file cannot be read.
 * @throws {config_syntax} If the file is not JSON.
 * @throws {unknown_setting} If a key does not exist.
 * @throws {invalid_setting} If a value has the wrong type or range.
 * @throws {invalid_listen_address} If an address cannot be read.
 */
export async function loadConfig(sources: ConfigSources): Promise<Config> {
  const layers: Layer[] = [
    { name: 'the default', settings: { dataDir: sources.defaultDataDir } },
    ...(sources.file === undefined ? [] : [await loadFile(sources.file)]),
    { name: 'the environment', settings: environmentSettings(sources.environment) },
    { name: 'a flag', settings: withoutUndefined(sources.overrides) },
  ];
  const merged = layers.reduce<Tree>((tree, { settings }) => merge(tree, settings), {});
  const result = configSchema.safeParse(merged);
  if (!result.success) throw settingError(result.error.issues[0], merged, layers);
  parseListenAddress(result.data.listen, 'listen');
  parseAdminAddress(result.data.admin, result.data.dataDir);
  return deepFreeze(result.data);
}

async function loadFile(file: string): Promise<Layer> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new HostError(
      'config_unreadable',
      { file, reason: error.code ?? error.message },
      { cause: error },
    );
  });
  if (text.length > MAX_FILE_BYTES) {
    throw new HostError('config_unreadable', { file, reason: 'it is larger than 1 MiB' });
  }
  const settings = parseJson(text.replace(/^\uFEFF/, ''), file);
  if (isTree(settings)) return { name: file, settings };
  throw new HostError('config_unreadable', {
    file,
    reason: `it holds ${describeGiven(settings)}, not an object of settings`,
  });
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new HostError('config_syntax', { file, ...findJsonError(text) }, { cause: error });
  }
}

function environmentSettings(environment: ConfigSources['environment']): Tree {
  const dataDir = environment['FAAS_DATA_DIR'];
  return dataDir === undefined || dataDir === '' ? {} : { dataDir };
}

interface Issue {
  readonly code?: string | undefined;
  readonly path: readonly PropertyKey[];
  readonly keys?: readonly string[];
}

function settingError(issue: Issue | undefined, merged: Tree, layers: readonly Layer[]): HostError {
  const path = (issue?.path ?? []).map(String);
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys?.[0] : undefined;
  if (unknown !== undefined) return unknownSetting([...path, unknown], layers);
  return new HostError('invalid_setting', {
    key: path.join('.'),
    given: describeGiven(valueAt(merged, path)),
    expected: describeExpected(path, issue),
    source: sourceOf(path, layers),
  });
}

function unknownSetting(path: readonly string[], layers: readonly Layer[]): HostError {
  const key = path.join('.');
  const keys = listConfigKeys().map((entry) => entry.key);
  const last = path.at(-1) ?? '';
  const nearest =
    keys.find((known) => known.split('.').at(-1) === last) ??
    findNearest(key, [...keys, ...new Set(keys.flatMap((known) => known.split('.').slice(0, -1)))]);
  const hint = nearest === undefined ? 'Remove it' : `Write "${nearest}" if that is what you mean`;
  return new HostError('unknown_setting', { key, source: sourceOf(path, layers), hint });
}

function sourceOf(path: readonly string[], layers: readonly Layer[]): string {
  const layer = layers.findLast(({ settings }) => valueAt(settings, path) !== undefined);
  return layer?.name ?? 'the default';
}

function valueAt(tree: unknown, path: readonly string[]): unknown {
  let value = tree;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name))
      return undefined;
    value = (value as Tree)[name];
  }
  return value;
}

/** Lays `over` on `base`; arrays and plain values replace. Keys stay data, `__proto__` included. */
function merge(base: Tree, over: Tree): Tree {
  const entries = new Map(Object.entries(base));
  for (const [key, value] of Object.entries(over)) {
    const below = entries.get(key);
    entries.set(key, isTree(value) && isTree(below) ? merge(below, value) : value);
  }
  return Object.fromEntries(entries);
}

function withoutUndefined(tree: Tree): Tree {
  const entries = Object.entries(tree).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    entries.map(([key, value]) => [key, isTree(value) ? withoutUndefined(value) : value]),
  );
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const child of Object.values(value)) deepFreeze(child);
  return Object.freeze(value);
}
