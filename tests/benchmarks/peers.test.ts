import { createServer } from 'node:http';
import t from 'tap';
import { awaitFirstAnswer, findFreePort } from '../../benchmarks/peers/first-answer.ts';
import { nodeProcess, workerThread } from '../../benchmarks/peers/node-peers.ts';

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
