/**
 * Builds the JavaScript example on first use and keeps it: 14 MB are not committed. The file in
 * `components/.cache/` carries a key of everything it was made from, so a change makes it anew.
 *
 * The WIT packages that `world.wit` names are taken from jco, a devDependency of this project.
 * `node components/hello-js/build.js` builds it and prints the path.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const WASI_RELEASE = '0.2.12';
const JCO_ARGUMENTS = ['--world-name', 'hello-js', '--disable', 'all'];
const KEY_LENGTH = 16;

const source = dirname(fileURLToPath(import.meta.url));
const cache = join(dirname(source), '.cache');

/** The build under way in this process, so that callers at the same time share it. */
let building;

/**
 * Builds the component unless it is there already.
 *
 * @returns {Promise<string>} Path of the component.
 * @throws {Error} If jco is not installed or fails; the message holds what it said.
 */
export function buildHelloJs() {
  building ??= build().finally(() => {
    building = undefined;
  });
  return building;
}

async function build() {
  const jco = await findJco();
  const key = await cacheKey(jco);
  const output = join(cache, `hello-js-${key}.wasm`);
  if (existsSync(output)) return output;

  await mkdir(cache, { recursive: true });
  const scratch = await mkdtemp(join(cache, 'hello-js-'));
  try {
    await copyWit(jco, join(scratch, 'wit'));
    const component = join(scratch, 'component.wasm');
    const args = ['--wit', join(scratch, 'wit'), ...JCO_ARGUMENTS, '--out', component];
    await runJco(jco, [join(source, 'app.js'), ...args], scratch);
    await removeOutdated();
    // A rename: whoever builds at the same time sees no file or a whole one.
    await rename(component, output);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return output;
}

/** Folder and version of the installed jco. */
async function findJco() {
  let entry;
  try {
    entry = fileURLToPath(import.meta.resolve('@bytecodealliance/jco'));
  } catch (cause) {
    const message = 'Cannot build "hello-js": @bytecodealliance/jco is not installed; run npm ci in a checkout';
    throw new Error(message, { cause });
  }
  const folder = dirname(dirname(entry));
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  return { folder, version };
}

async function cacheKey(jco) {
  const hash = createHash('sha256').update(JSON.stringify([jco.version, WASI_RELEASE, JCO_ARGUMENTS]));
  for (const file of ['app.js', 'world.wit']) hash.update(await readFile(join(source, file)));
  return hash.digest('hex').slice(0, KEY_LENGTH);
}

/** Lays the WIT files out as jco wants them: the world, and the packages it uses under `deps`. */
async function copyWit(jco, folder) {
  const builtin = join(jco.folder, 'lib', 'wit', 'builtin', WASI_RELEASE);
  await cp(builtin, join(folder, 'deps'), { recursive: true });
  await cp(join(source, 'world.wit'), join(folder, 'world.wit'));
}

async function runJco(jco, args, cwd) {
  const script = join(jco.folder, 'dist', 'jco.js');
  const child = spawn(process.execPath, [script, 'componentize', ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = [];
  child.stdout.on('data', (bytes) => said.push(bytes));
  child.stderr.on('data', (bytes) => said.push(bytes));
  const status = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? signal));
  });
  if (status !== 0) {
    throw new Error(`Cannot build "hello-js": jco ended with ${status}\n${Buffer.concat(said)}`);
  }
}

/** Removes what was built from other sources. */
async function removeOutdated() {
  for (const name of await readdir(cache)) {
    if (/^hello-js-[0-9a-f]{16}\.wasm$/.test(name)) await rm(join(cache, name), { force: true });
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.stdout.write(`${await buildHelloJs()}\n`);
}
