/** `faas deploy FILE|DIR`: which file that is, and which name the function gets if none is given. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { HostError } from '../host/base/errors.ts';
import { parseFunctionName, type FunctionName } from '../host/base/ids.ts';
import { toFileError } from './local-file.ts';

/** What to deploy. */
export interface FoundComponent {
  readonly path: string;
  /** Base name of the file or directory that was given. */
  readonly title: string;
}

/**
 * Finds the component: the file itself, or `app.wasm` or the only `.wasm` file of a directory.
 *
 * @throws {file_unreadable} If there is no such file or directory.
 * @throws {no_single_component} If a directory has none, or several and no `app.wasm`.
 */
export async function findComponent(path: string): Promise<FoundComponent> {
  const title = basename(resolve(path)).replace(/\.wasm$/i, '');
  try {
    if (!(await stat(path)).isDirectory()) return { path, title };
    const names = (await readdir(path)).filter((name) => name.endsWith('.wasm')).sort();
    const [first, second] = names;
    if (names.includes('app.wasm')) return { path: join(path, 'app.wasm'), title };
    if (first !== undefined && second === undefined) return { path: join(path, first), title };
    const reason =
      first === undefined ? 'it has no .wasm file' : `it has several: ${names.join(', ')}`;
    throw new HostError('no_single_component', { file: path, reason: reason.slice(0, 300) });
  } catch (error) {
    throw toFileError(error, path);
  }
}

/**
 * Makes a function name of a file's name: `Hello_World` becomes `hello-world`.
 *
 * @throws {invalid_name} If nothing usable is left.
 */
export function nameFromTitle(title: string): FunctionName {
  const words = title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return parseFunctionName(words.slice(0, 63).replaceAll(/^-+|-+$/g, '') || title);
}
