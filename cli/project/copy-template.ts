/**
 * A template → a project. In contents and names of files `{{name}}` and `__name__` stand for the name of the function,
 * `{{crate}}` and `__crate__` for the same with `_` in place of `-`.
 */
import { cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { HostError } from '../../host/base/errors.ts';
import type { FunctionName } from '../../host/base/ids.ts';
import { toFileError } from '../local-file.ts';
import { DESCRIPTION_FILE, type Template } from './templates.ts';

/** Names that a package on a registry may not have, or that mean something to git. */
const RENAMED: Readonly<Record<string, string>> = { _gitignore: '.gitignore', _npmrc: '.npmrc' };
/** What building a template in place leaves behind. */
const LEFT_OUT = new Set([
  DESCRIPTION_FILE,
  'target',
  'node_modules',
  '.faas',
  '.venv',
  '__pycache__',
]);

/**
 * Copies a template.
 *
 * @param folder Where to; made if it is not there.
 * @returns Paths of the files within the folder.
 * @throws {project_exists} If there is something in the folder.
 * @throws {file_unreadable} If the folder cannot be made or written to.
 */
export async function copyTemplate(
  template: Template,
  name: FunctionName,
  folder: string,
): Promise<readonly string[]> {
  await checkEmpty(folder);
  const words = { name, crate: name.replaceAll('-', '_') };
  const files: string[] = [];
  for await (const path of walk(template.folder, '')) {
    const target = fillName(path, words);
    files.push(target);
    await copyFile(join(template.folder, path), join(folder, target), words).catch(
      (error: unknown) => {
        throw toFileError(error, join(folder, target));
      },
    );
  }
  return files.sort();
}

interface Words {
  readonly name: string;
  readonly crate: string;
}

async function checkEmpty(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isDirectory())
    throw new HostError('project_exists', { folder, reason: 'it is a file' });
  const names = await readdir(folder).catch((error: unknown) => {
    throw toFileError(error, folder);
  });
  const first = names.find((name) => name !== '.git');
  if (first === undefined) return;
  const reason = `it is not empty, "${first.slice(0, 80)}" is in it`;
  throw new HostError('project_exists', { folder, reason });
}

async function* walk(root: string, within: string): AsyncGenerator<string, void, void> {
  for (const entry of await readdir(join(root, within), { withFileTypes: true })) {
    if (LEFT_OUT.has(entry.name)) continue;
    const path = join(within, entry.name);
    if (entry.isDirectory()) yield* walk(root, path);
    else yield path;
  }
}

async function copyFile(from: string, to: string, words: Words): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  const bytes = await readFile(from);
  const text = bytes.toString('utf8');
  const isText = !bytes.includes(0);
  const filled = text.replaceAll('{{name}}', words.name).replaceAll('{{crate}}', words.crate);
  // Copied as it is where nothing changes: what is executable stays so.
  if (!isText || filled === text) await cp(from, to);
  else await writeFile(to, filled, { mode: (await stat(from)).mode });
}

function fillName(path: string, { name, crate }: Words): string {
  return path
    .split(sep)
    .map((part) => RENAMED[part] ?? part)
    .join(sep)
    .replaceAll('__name__', name)
    .replaceAll('__crate__', crate);
}
