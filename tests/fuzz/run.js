/**
 * `npm run fuzz`: plain JavaScript that finds the right Node and starts `main.ts` in it. Runs on Node 18
 * and newer.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { findNode } from '../../cli/find-node.js';

const node = findNode();
if (node === undefined) {
  process.stderr.write(
    `Cannot fuzz: that needs Node 26 or newer and this is ${process.version}\n` +
      '  fix: run "npm ci", which brings one for this platform\n',
  );
  process.exit(69);
}
const main = fileURLToPath(new URL('main.ts', import.meta.url));
const { status } = spawnSync(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exitCode = status ?? 1;
