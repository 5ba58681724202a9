/** Peers that run on this Node: our own host as a process, a plain server in a process and in a thread. */
import { join } from 'node:path';
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

function helloExample(): Example {
  const [example] = listExamples(['hello-rust']);
  if (example === undefined) throw new PeerGap('hello-rust is not built');
  return example;
}
