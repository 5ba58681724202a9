/**
 * `npm run bench -- SUITE`: plain JavaScript that finds the right Node and starts `main.ts` in it.
 * Runs on Node 18 and newer.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { findNode } from '../cli/find-node.js';

const node = findNode();
if (node === undefined) {
  process.stderr.write(
    `Cannot run the benchmarks: they need Node 26 or newer and this is ${process.version}\n` +
      '  fix: run "npm ci", which brings one for this platform\n',
  );
  process.exit(69);
}
const main = new URL('./main.ts', import.meta.url);
if (node === process.execPath) {
  await import(main.href);
} else {
  const child = spawn(node, [fileURLToPath(main), ...process.argv.slice(2)], { stdio: 'inherit' });
  // The terminal sends its signals to the whole group; what is sent to this process alone is passed on.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code ?? 1));
}
