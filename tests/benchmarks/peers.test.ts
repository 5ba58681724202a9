import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { awaitFirstAnswer, findFreePort } from '../../benchmarks/peers/first-answer.ts';
import { startChild } from '../../benchmarks/peers/child-peer.ts';
import { nodeProcess, workerThread } from '../../benchmarks/peers/node-peers.ts';
import { openPeer } from '../../benchmarks/peers/open-peer.ts';
import { PeerGap, type Peer } from '../../benchmarks/peers/peer.ts';

for (const peer of [nodeProcess, workerThread]) {
  t.test(
    `${peer.name} answers after its start, and listens no more when it was stopped`,
    async (t) => {
      const prepared = await peer.prepare(t.testdir({}));
      t.teardown(() => prepared.close?.());
      for (let times = 2; times > 0; times -= 1) {
        const port = await findFreePort();
        const running = await prepared.start(port);
        await awaitFirstAnswer(port);
        await running.stop();
        await t.rejects(fetch(`http://127.0.0.1:${port}/`));
      }
    },
  );
}

t.test('a server that is not there yet is waited for, and its errors are no start', async (t) => {
  const port = await findFreePort();
  const server = createServer((_, response) => response.writeHead(503).end());
  t.teardown(() => server.close());
  const answer = t.rejects(awaitFirstAnswer(port), { message: /HTTP\/1\.1 503/ });
  setImmediate(() => server.listen(port, '127.0.0.1'));
  await answer;
});

t.test(
  'a peer serves until the stack is disposed of; one that does not is a named gap',
  async (t) => {
    const stack = new AsyncDisposableStack();
    t.teardown(() => stack.disposeAsync());
    const directory = t.testdir({});
    const serving = await openPeer(stack, nodeProcess, directory);
    t.match(serving, { version: `Node ${process.versions.node}` });
    const port = 'port' in serving ? serving.port : 0;
    t.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
    const missing: Peer = {
      name: 'missing',
      interval: '',
      prepare: () => Promise.reject(new PeerGap('it is not on the PATH')),
    };
    t.same(await openPeer(stack, missing, directory), {
      name: 'missing',
      reason: 'it is not on the PATH',
    });
    const broken: Peer = {
      name: 'broken',
      interval: '',
      prepare: async () => ({
        version: '1',
        start: async () => startChild(process.execPath, ['--eval', 'process.exit(1)']),
      }),
    };
    t.match(await openPeer(stack, broken, directory), { name: 'broken', reason: /has ended/ });
    const bug: Peer = { ...missing, prepare: () => Promise.reject(new TypeError('a bug')) };
    await t.rejects(openPeer(stack, bug, directory), TypeError, 'a mistake of ours is no gap');
    await stack.disposeAsync();
    await t.rejects(fetch(`http://127.0.0.1:${port}/`));
  },
);

t.test('what a peer starts itself ends with it, also if the peer has ended before', async (t) => {
  const hello = fileURLToPath(new URL('../../benchmarks/peers/node-hello.js', import.meta.url));
  for (const end of ['wait', 'exit']) {
    const port = await findFreePort();
    const shell = `"${process.execPath}" "${hello}" ${port} & ${end}`;
    const peer = startChild('sh', ['-c', shell]);
    await awaitFirstAnswer(port);
    await peer.stop();
    await t.rejects(fetch(`http://127.0.0.1:${port}/`), end);
  }
});
