/** `faas.toml` on disk → a manifest that was checked, or an error that names file, line and column. */
import { readFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { HostError } from '../../host/base/errors.ts';
import { toFileError } from '../local-file.ts';
import { manifestError, placeOf, type ManifestText } from './manifest-error.ts';
import { manifestSchema, type Manifest } from './manifest-schema.ts';

/** A manifest and where it is. */
export interface LoadedManifest {
  /** As it is shown. */
  readonly file: string;
  /** Absolute path of its folder, from which its paths count. */
  readonly folder: string;
  readonly manifest: Manifest;
}

/** Far larger than any that is written by hand. */
const MAX_CHARACTERS = 64 * 1024;

/**
 * Loads a manifest.
 *
 * @throws {file_unreadable} If it cannot be read.
 * @throws {manifest_syntax} If it is not TOML.
 * @throws {unknown_manifest_key} If a key does not exist.
 * @throws {invalid_manifest_value} If a value is not what it must be.
 */
export async function loadManifest(file: string): Promise<LoadedManifest> {
  const read = await readToml(file);
  const result = manifestSchema.safeParse(read.tree);
  if (!result.success) throw manifestError(result.error.issues[0], read);
  checkSource(result.data, read);
  return { file: read.file, folder: dirname(resolve(file)), manifest: result.data };
}

/** Reads a file as TOML, whatever it holds. */
export async function readToml(file: string): Promise<ManifestText> {
  const near = relative('', file);
  const shown = near === '' || near.startsWith('..') ? file : near;
  const bytes = await readFile(file).catch((error: unknown) => {
    throw toFileError(error, file);
  });
  if (bytes.length > MAX_CHARACTERS) {
    throw new HostError('file_unreadable', { file, reason: 'it is larger than 64 KiB' });
  }
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
  try {
    return { file: shown, text, tree: parse(text) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const { line, column, message } = error;
    const reason = (message.split('\n')[0] ?? '').replace('Invalid TOML document: ', '');
    throw new HostError('manifest_syntax', { file: shown, line, column, reason }, { cause: error });
  }
}

/** There is one artifact: named by `source`, or made by the build as `build.artifact`. */
function checkSource({ source, build }: Manifest, read: ManifestText): void {
  const refuse = (key: string, given: string, expected: string): never => {
    throw new HostError('invalid_manifest_value', {
      key,
      place: placeOf(key.split('.'), read),
      given,
      expected,
    });
  };
  const artifact = build?.artifact;
  if (source === undefined && artifact === undefined) {
    refuse('source', 'not there', 'the path of the component, here or as "build.artifact"');
  }
  if (source !== undefined && artifact !== undefined) {
    refuse('build.artifact', JSON.stringify(artifact), 'left out: "source" names the component');
  }
  if (build !== undefined && build.command === undefined) {
    refuse('build.command', 'not there', 'the command that builds');
  }
}
