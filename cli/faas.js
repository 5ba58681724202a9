#!/usr/bin/env node
/**
 * The `faas` command. Plain JavaScript that runs on Node 18 and newer: finds a Node that can run the
 * host (26 or newer) and hands over to `main`, from source in a checkout, compiled in the package.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findNode } from './find-node.js';

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
if (node === process.execPath) {
  await import(main.href);
} else {
  const child = spawn(node, [fileURLToPath(main), ...process.argv.slice(2)], { stdio: 'inherit' });
  // The terminal sends its signals to the whole group; what is sent to this process alone is passed on.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
