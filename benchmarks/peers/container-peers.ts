/**
 * Containers, started as an engine does in the end: `runc run` or `crun run` on a bundle that lies there unpacked. No image
 * is pulled and no network made (they share the host's), which would both take longer: what is measured is the least.
 */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild, versionOf } from './child-peer.ts';
import { awaitFirstAnswer, findFreePort } from './first-answer.ts';
import { PeerGap, type Peer, type RunningPeer } from './peer.ts';

/** What runs in it. */
interface Content {
  readonly name: 'static' | 'node';
  /** Fills the root folder. @returns The command, without the port. */
  fill(root: string): readonly string[];
}

/** How long a container may take to answer for the first time, ms. */
const FIRST_ANSWER_MS = 10_000;
const INTERVAL = 'container start to first byte, bundle unpacked, network of the host';

/** Containers of both runtimes with both servers. */
export const containerPeers: readonly Peer[] = (['runc', 'crun'] as const).flatMap((runtime) =>
  [staticContent(), nodeContent()].map((content) => createPeer(runtime, content)),
);

function createPeer(runtime: 'runc' | 'crun', content: Content): Peer {
  return {
    // runc is what engines use unless told otherwise.
    name: `container-${content.name}${runtime === 'runc' ? '' : `-${runtime}`}`,
    interval: INTERVAL,
    prepare: async (directory) => {
      const version = versionOf(runtime);
      if (version === undefined) throw new PeerGap(`${runtime} is not on the PATH`);
      if (process.getuid?.() !== 0) throw new PeerGap(`${runtime} needs root`);
      const root = join(directory, 'rootfs');
      mkdirSync(root);
      const command = content.fill(root);
      run(runtime, ['spec', '--bundle', directory]);
      const start = async (port: number): Promise<RunningPeer> => {
        writeSpec(directory, [...command, String(port)]);
        return startContainer(runtime, directory);
      };
      await tryOnce(runtime, directory, start);
      return { version, start };
    },
  };
}

/** A container that does not run here is found out before anything is measured. */
async function tryOnce(
  runtime: string,
  directory: string,
  start: (port: number) => Promise<RunningPeer>,
): Promise<void> {
  const port = await findFreePort();
  const running = await start(port);
  try {
    await awaitFirstAnswer(port, { ended: running.ended, limitMs: FIRST_ANSWER_MS });
  } catch (error) {
    throw new PeerGap(`${runtime} does not run here: ${explain(runtime, directory)}`, {
      cause: error,
    });
  } finally {
    await running.stop();
  }
}

/** What it says itself when it is started once more. */
function explain(runtime: string, bundle: string): string {
  const id = `faas-bench-${randomUUID()}`;
  const { stderr } = spawnSync(runtime, ['run', '--bundle', bundle, id], {
    encoding: 'utf8',
    timeout: 2000,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  spawnSync(runtime, ['delete', '--force', id], { stdio: 'ignore' });
  return stderr.trim().split('\n').at(-1)?.slice(0, 120) || 'it does not answer';
}

function startContainer(runtime: string, bundle: string): RunningPeer {
  const id = `faas-bench-${randomUUID()}`;
  const child = startChild(runtime, ['run', '--bundle', bundle, id]);
  return {
    ...(child.ended === undefined ? {} : { ended: child.ended }),
    stop: async () => {
      // By its own means, so that its cgroup and state go too.
      spawnSync(runtime, ['delete', '--force', id], { stdio: 'ignore' });
      await child.stop();
    },
  };
}

function writeSpec(bundle: string, args: readonly string[]): void {
  const path = join(bundle, 'config.json');
  const spec = JSON.parse(readFileSync(path, 'utf8')) as {
    process: { terminal: boolean; args: readonly string[] };
    linux: { namespaces: readonly { readonly type: string }[] };
  };
  spec.process.terminal = false;
  spec.process.args = args;
  spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) => type !== 'network');
  writeFileSync(path, JSON.stringify(spec));
}

function staticContent(): Content {
  return {
    name: 'static',
    fill: (root) => {
      const source = fileURLToPath(new URL('./static-hello.c', import.meta.url));
      if (versionOf('cc') === undefined) throw new PeerGap('there is no C compiler');
      run('cc', ['-O2', '-static', '-o', join(root, 'hello'), source]);
      return ['/hello'];
    },
  };
}

function nodeContent(): Content {
  return {
    name: 'node',
    fill: (root) => {
      const script = fileURLToPath(new URL('./node-hello.js', import.meta.url));
      copyFileSync(process.execPath, join(root, 'node'));
      copyFileSync(script, join(root, 'hello.mjs'));
      const { stdout } = spawnSync('ldd', [process.execPath], { encoding: 'utf8' });
      for (const [path] of (stdout ?? '').matchAll(/\/\S+(?= \()/g)) {
        mkdirSync(join(root, dirname(path)), { recursive: true });
        copyFileSync(path, join(root, path));
      }
      return ['/node', '/hello.mjs'];
    },
  };
}

function run(command: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status === 0) return;
  throw new PeerGap(`"${command}" failed: ${error?.message ?? stderr.trim().slice(0, 200)}`);
}
