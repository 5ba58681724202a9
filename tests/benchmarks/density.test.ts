/** What the suites about memory stand on: reading it, many requests at once, the slope of samples. */
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { readInstalledSize } from '../../benchmarks/kit/installed-size.ts';
import { slopeOf } from '../../benchmarks/kit/line-fit.ts';
import { PipeliningClient } from '../../benchmarks/kit/pipelining-client.ts';
import {
  listDescendants,
  readProcessMemory,
  sumProcessMemory,
} from '../../benchmarks/kit/process-memory.ts';
import { startChild } from '../../benchmarks/peers/child-peer.ts';

const MIB = 2 ** 20;

t.test('memory of processes is what the system says, and null where it says nothing', async (t) => {
  const nobody = 2 ** 30;
  t.equal(readProcessMemory(nobody), null);
  t.equal(sumProcessMemory([process.pid, nobody]), null);
  if (process.platform !== 'linux') return;
  const before = readProcessMemory(process.pid);
  const touched = Buffer.alloc(32 * MIB, 1);
  const after = readProcessMemory(process.pid);
  const added = (after?.pssBytes ?? 0) - (before?.pssBytes ?? 0);
  t.ok(added > 24 * MIB && added < 64 * MIB, `${touched.length} bytes more are seen as ${added}`);
  t.ok((after?.pageTableBytes ?? 0) > 0);
});

t.test('processes that were started are found, also those of others', async (t) => {
  if (process.platform !== 'linux') return;
  const code = "require('node:child_process').spawn('sleep', ['60'], { stdio: 'ignore' })";
  const child = startChild(process.execPath, ['-e', code]);
  t.teardown(() => child.stop());
  const programs = (): string[] => listDescendants(process.pid).map(({ program }) => program);
  for (let tries = 0; tries < 500 && !programs().includes('sleep'); tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const found = listDescendants(process.pid).find(({ program }) => program === 'sleep');
  t.ok(found, 'it is below a child of this process');
  if (found !== undefined) process.kill(found.pid, 'SIGKILL');
});

async function serve(t: Test, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

t.test(
  'requests are under way at the same time on one connection, and all are answered',
  async (t) => {
    let present = 0;
    let most = 0;
    const server = createServer((_, response) => {
      present += 1;
      most = Math.max(most, present);
      setImmediate(() => {
        present -= 1;
        response.end('hello\n');
      });
    });
    using client = await PipeliningClient.open(await serve(t, server));
    await client.get('a.localhost', 20);
    t.equal(most, 20);
    t.equal(await client.get('a.localhost', 1), 0);
  },
);

t.test(
  'refusals are counted; another status, and a server that leaves, are failures',
  async (t) => {
    let answered = 0;
    const server = createServer((request, response) => {
      answered += 1;
      if (request.headers.host === 'gone.localhost') request.socket.destroy();
      else response.writeHead(answered === 2 ? 503 : answered === 5 ? 500 : 200).end('x\nx\n');
    });
    using client = await PipeliningClient.open(await serve(t, server));
    t.equal(await client.get('b.localhost', 3), 1);
    await t.rejects(client.get('b.localhost', 3), /b\.localhost: status 500/);
    await t.rejects(client.get('gone.localhost', 3), /the server has closed/);
  },
);

t.test('the slope of samples', (t) => {
  t.equal(
    slopeOf([
      [0, 1],
      [1, 2],
    ]),
    undefined,
    'too few',
  );
  t.equal(
    slopeOf([
      [1, 1],
      [1, 2],
      [1, 3],
    ]),
    undefined,
    'above one place',
  );
  t.equal(
    slopeOf([
      [0, 5],
      [10, 5],
      [20, 5],
    ]),
    0,
  );
  t.equal(
    slopeOf([
      [0, 0],
      [1, 3],
      [2, 3],
      [3, 6],
    ]),
    1.8,
  );
  t.end();
});

t.test('the installed size has the three parts', (t) => {
  const { ownBytes, dependencyBytes, nodeBytes } = readInstalledSize();
  t.ok(ownBytes > MIB && ownBytes < 50 * MIB, String(ownBytes));
  t.ok(dependencyBytes > 5 * MIB && dependencyBytes < 500 * MIB, String(dependencyBytes));
  t.ok(nodeBytes === 0 || nodeBytes > 50 * MIB, String(nodeBytes));
  t.end();
});
