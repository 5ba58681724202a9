/** Peers that run on this Node: our own host as a process, a plain server in a process and in a thread, jco serve. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BenchHost } from '../kit/bench-host.ts';
import { Child } from '../kit/child.ts';
import { listExamples, type Example } from '../kit/examples.ts';
import { startChild } from './child-peer.ts';
import { PeerGap, type Peer } from './peer.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SCRIPT = fileURLToPath(new URL('./node-hello.js', import.meta.url));
const NODE = `Node ${process.versions.node}`;
const NAME = 'hello';

/** Our host, with the function deployed before: what a machine does that boots. */
export const ourProcess: Peer = {
  name: 'ours-process',
  interval: 'process start to first byte, function deployed before, host of one process',
  prepare: async (directory) => {
    const dataDir = join(directory, 'data');
    {
      await using host = await BenchHost.open({ dataDir });
      await host.deploy(NAME, helloExample());
    }
    return {
      version: NODE,
      start: async (port) => {
        const faas = join(ROOT, 'cli', 'faas.js');
        const where = ['--listen', `127.0.0.1:${port}`, '--admin', '127.0.0.1:0'];
        const flags = ['--data-dir', dataDir, '--workers', '1', '--log-level', 'fatal'];
        return startChild(process.execPath, [faas, 'serve', ...where, ...flags]);
      },
    };
  },
};

/** A plain server. */
export const nodeProcess: Peer = {
  name: 'node-process',
  interval: 'process start to first byte',
  prepare: async () => ({
    version: NODE,
    start: async (port) => startChild(process.execPath, [SCRIPT, String(port)]),
  }),
};

/** The same in a thread of a process that runs. */
export const workerThread: Peer = {
  name: 'worker-thread',
  interval: 'thread start to first byte, in a process that runs',
  prepare: async () => {
    const script = new URL('./thread-process.ts', import.meta.url);
    const child = await Child.start<'ready', { port?: number }, void>(script);
    return {
      version: NODE,
      start: async (port) => {
        await child.ask({ port });
        return { stop: () => child.ask({}) };
      },
      close: () => child.close(),
    };
  },
};

/** jco's own server with the same component. */
export const jcoServe: Peer = {
  name: 'jco-serve',
  interval: 'process start to first byte, the same component, with its translation at start',
  prepare: async () => {
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
    const { path } = helloExample();
    return {
      version: `jco ${version}`,
      start: async (port) =>
        startChild(process.execPath, [script, 'serve', path, '--port', String(port)]),
    };
  },
};

function helloExample(): Example {
  const [example] = listExamples(['hello-rust']);
  if (example === undefined) throw new PeerGap('hello-rust is not built');
  return example;
}
