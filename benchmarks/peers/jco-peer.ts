/** jco's own server with the same component: the release that this project is developed with. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild } from './child-peer.ts';
import { PeerGap, type Peer } from './peer.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Makes one.
 *
 * @param component Path of what it serves.
 * @param isolation `shared`, its default: one instance serves all requests. `instance`: a new one for each.
 */
export function createJcoServe(component: string, isolation: 'shared' | 'instance'): Peer {
  const flags = isolation === 'instance' ? ['--isolate-requests=instance'] : [];
  return {
    name: isolation === 'instance' ? 'jco-serve-instance' : 'jco-serve',
    interval: 'process start to first byte, the same component, translated at start',
    prepare: async (directory) => {
      const { script, version } = findJco();
      return {
        version: `jco ${version}`,
        start: async (port) => {
          const args = ['serve', ...flags, '--host', '127.0.0.1', '--port', String(port)];
          // It leaves its translation in the folder for temporary files when it is killed.
          return startChild(process.execPath, [script, ...args, component], { TMPDIR: directory });
        },
      };
    },
  };
}

function findJco(): { readonly script: string; readonly version: string } {
  // Its package exports no manifest.
  const manifest = join(ROOT, 'node_modules', '@bytecodealliance', 'jco', 'package.json');
  if (!existsSync(manifest)) throw new PeerGap('jco is not installed: run npm ci');
  const { version, bin } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    readonly version: string;
    readonly bin: Readonly<Record<string, string>>;
  };
  const script = join(dirname(manifest), bin['jco'] ?? '');
  const { status } = spawnSync(process.execPath, [script, '--version'], { stdio: 'ignore' });
  if (status !== 0) throw new PeerGap('jco does not run here');
  return { script, version };
}
