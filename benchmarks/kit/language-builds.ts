/**
 * The function that every language is measured with: made by `faas new`, with the handler of `components/languages/`
 * put over that of the template, built by the language's own toolchain below `components/.cache/languages/`.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, glob, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkTool } from '../../cli/build/toolchain.ts';
import { findTemplate } from '../../cli/project/templates.ts';

/** Templates by the folder whose handler they get. `ts` is left out: what it builds is what `js` does. */
const HANDLERS = {
  rust: 'rust',
  go: 'go',
  js: 'js',
  hono: 'hono',
  python: 'python',
  c: 'c',
  cgi: 'go',
} as const;

/** Languages that are measured, by the names of their templates. */
export const LANGUAGE_NAMES: readonly string[] = Object.keys(HANDLERS);

/** A function that was built. */
export interface BuiltLanguage {
  readonly name: string;
  readonly path: string;
  readonly bytes: Uint8Array;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FAAS = join(ROOT, 'cli', 'faas.js');
const SOURCES = join(ROOT, 'components', 'languages');
const CACHE = join(ROOT, 'components', '.cache', 'languages');
/** Name of the function in every project. */
const PROJECT = 'hello';
/** Says what a project was made of. */
const STAMP = '.made-of';

/** Why a language cannot be built here; undefined if it can. */
export async function findMissingTools(name: string): Promise<string | undefined> {
  const { needs } = await findTemplate(name);
  const world = { environment: process.env, folder: ROOT };
  const missing = needs.filter((need) => !checkTool(need, world).present);
  return missing.length === 0 ? undefined : `not installed: ${missing.join(', ')}`;
}

/**
 * Makes and builds one.
 *
 * @param mayReuse Takes what was built before of the same sources, whatever the toolchain was then.
 * @throws {Error} If its toolchain fails; the message holds what it said.
 */
export async function buildLanguage(name: string, mayReuse: boolean): Promise<BuiltLanguage> {
  const folder = join(CACHE, name);
  const path = join(folder, artifactOf(name));
  const key = await keyOf(name);
  const stamp = await readFile(join(folder, STAMP), 'utf8').catch(() => '');
  if (!mayReuse || stamp !== key || !existsSync(path)) {
    await makeProject(name, folder);
    run(process.execPath, [FAAS, 'build'], folder);
    await writeFile(join(folder, STAMP), key);
  }
  return { name, path, bytes: await readFile(path) };
}

async function makeProject(name: string, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(CACHE, { recursive: true });
  run(process.execPath, [FAAS, 'new', PROJECT, '-t', name, '--dir', folder], CACHE);
  await cp(handlerOf(name), folder, { recursive: true });
  if (!existsSync(join(folder, 'package.json'))) return;
  // Hono is no dependency of this project; jco is.
  if (name === 'hono') run('npm', ['install', '--no-audit', '--no-fund'], folder);
  else await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
}

async function keyOf(name: string): Promise<string> {
  const { folder } = await findTemplate(name);
  const hash = createHash('sha256');
  for (const cwd of [folder, handlerOf(name)]) {
    const files: string[] = [];
    for await (const entry of glob('**/*', { cwd, withFileTypes: true })) {
      if (entry.isFile()) files.push(join(entry.parentPath, entry.name));
    }
    for (const file of files.sort()) hash.update(file).update(await readFile(file));
  }
  return hash.digest('hex');
}

function handlerOf(name: string): string {
  const handlers: Readonly<Record<string, string>> = HANDLERS;
  const folder = handlers[name];
  if (folder !== undefined) return join(SOURCES, folder);
  throw new Error(`Cannot measure "${name}": it is not one of ${LANGUAGE_NAMES.join(', ')}`);
}

function artifactOf(name: string): string {
  return name === 'rust' ? `target/wasm32-wasip2/release/${PROJECT}.wasm` : `build/${PROJECT}.wasm`;
}

function run(program: string, args: readonly string[], cwd: string): void {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (status === 0) return;
  throw new Error(`Cannot run "${program} ${args.join(' ')}": ${stdout ?? ''}${stderr ?? ''}`);
}
