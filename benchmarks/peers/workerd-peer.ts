/** workerd from npm, with the measured functions in JavaScript: there is no server for components in it. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild, versionOf } from './child-peer.ts';
import { installPackage } from './package-cache.ts';
import { PeerGap, type Peer } from './peer.ts';

const VERSION = '1.20261117.1';
const CONFIG = fileURLToPath(new URL('./workerd.capnp', import.meta.url));

/** One worker in one process, all functions in it. */
export const workerd: Peer = {
  name: 'workerd',
  interval: 'process start to first byte, the hello in JavaScript',
  prepare: async () => {
    const program = findProgram(await installPackage('workerd', VERSION));
    // Without a C library that it knows, for instance, it does not even tell its version.
    const version = versionOf(program);
    if (version === undefined) throw new PeerGap('workerd does not run here');
    return {
      version,
      start: async (port) =>
        startChild(program, ['serve', CONFIG, `--socket-addr=http=127.0.0.1:${port}`]),
    };
  },
};

/** The package for this platform is an optional dependency: npm has installed the one that fits, or none. */
function findProgram(place: string): string {
  const scope = join(place, 'node_modules', '@cloudflare');
  const names = existsSync(scope) ? readdirSync(scope) : [];
  const program = names
    .filter((name) => name.startsWith('workerd-'))
    .map((name) => join(scope, name, 'bin', 'workerd'))
    .find((path) => existsSync(path));
  if (program === undefined) {
    throw new PeerGap(`workerd ${VERSION} has no build for ${process.platform} ${process.arch}`);
  }
  return program;
}
