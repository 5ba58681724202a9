#!/usr/bin/env node
/**
 * The `faas` command. Plain JavaScript that runs on Node 18 and newer: finds a Node that can run the
 * host (26 or newer) and hands over to `main`, from source in a checkout, compiled in the package.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNode } from './find-node.js';
import { missingV8Flags } from './v8-flags.js';

const compiled = new URL('../dist/cli/main.js', import.meta.url);
const source = new URL('./main.ts', import.meta.url);
// The package holds only the compiled form: Node strips no types below node_modules.
const main = existsSync(source) ? source : compiled;

const node = findNode();
if (node === undefined) {
  process.stderr.write(
    `Cannot start "faas": it needs Node 26 or newer and this is ${process.version}\n` +
      '  fix: install Node 26, or reinstall with optional dependencies (npm ci), which bring one for this platform\n',
  );
  process.exit(69);
}
const flags = process.argv[2] === 'serve' ? missingV8Flags() : [];
const self = fileURLToPath(import.meta.url);
if (node === process.execPath) {
  // The same process from its start: whoever watches it need not know. Where that is not possible it goes without.
  if (flags.length > 0 && process.platform !== 'win32') begin([...process.execArgv, ...flags]);
  keepCompiled();
  await import(main.href);
} else {
  const child = spawn(node, [...flags, self, ...process.argv.slice(2)], { stdio: 'inherit' });
  // The terminal sends its signals to the whole group; what is sent to this process alone is passed on.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** @param {string[]} execArgv */
function begin(execArgv) {
  const [name, , ...rest] = process.argv;
  process.execve?.(process.execPath, [name, ...execArgv, self, ...rest]);
}

/**
 * Lets V8 keep what it compiles, and Node what it strips of types, from one run to the next. In a folder of the user's
 * own: what lies there is run, and the usual place for it is one that all users of a machine can write to.
 */
function keepCompiled() {
  const { XDG_CACHE_HOME, LOCALAPPDATA, NODE_DISABLE_COMPILE_CACHE } = process.env;
  if (NODE_DISABLE_COMPILE_CACHE === '1') return;
  const usual = process.platform === 'win32' ? LOCALAPPDATA : XDG_CACHE_HOME;
  try {
    module.enableCompileCache?.(join(usual || join(homedir(), '.cache'), 'wasi-faas', 'compiled'));
  } catch {
    // Without it everything runs as well, only later.
  }
}
