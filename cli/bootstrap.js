/**
 * Makes a checkout ready: installs the locked dependencies if they are not those of the lock file, and
 * links `faas` into `node_modules/.bin` so that `npx faas` runs this checkout (the npm package of
 * that name is a stranger's). Plain JavaScript for Node 18 and newer; does nothing when all is there.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNode, NODE_MAJOR } from './find-node.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules', '.bin');
const stampFile = join(root, 'node_modules', '.wasi-faas-installed');

install();
linkCommand();
if (findNode() === undefined) {
  process.stderr.write(
    `Cannot continue: no Node ${NODE_MAJOR} or newer for ${process.platform}-${process.arch}\n`,
  );
  process.exit(69);
}

function install() {
  const stamp = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  process.stderr.write('installing dependencies (npm ci) …\n');
  const npm = process.env.npm_execpath;
  const options = { cwd: root, stdio: ['ignore', 2, 2] };
  const flags = ['ci', '--no-fund', '--no-audit', '--loglevel=error'];
  const result =
    npm === undefined
      ? spawnSync('npm', flags, { ...options, shell: process.platform === 'win32' })
      : spawnSync(process.execPath, [npm, ...flags], options);
  if (result.status !== 0) process.exit(result.status ?? 1);
  buildTap();
  writeFileSync(stampFile, stamp);
}

// tap assembles its test class from the plugins that package.json names; its TypeScript plugin is left
// out there, because it fails with TypeScript 7 and Node strips the types itself.
function buildTap() {
  const tap = join(root, 'node_modules', 'tap', 'dist', 'esm', 'run.mjs');
  const node = findNode();
  if (node === undefined || !existsSync(tap)) return;
  const result = spawnSync(node, [tap, 'build'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

function linkCommand() {
  const link = join(bin, 'faas');
  const target = join('..', '..', 'cli', 'faas.js');
  mkdirSync(bin, { recursive: true });
  if (process.platform === 'win32') {
    writeFileSync(`${link}.cmd`, `@node "${join(root, 'cli', 'faas.js')}" %*\r\n`);
    return;
  }
  // Left alone where it is right: two that start at once must not take it from each other.
  if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() && readlinkSync(link) === target)
    return;
  rmSync(link, { force: true });
  symlinkSync(target, link);
  chmodSync(join(root, 'cli', 'faas.js'), 0o755);
}
