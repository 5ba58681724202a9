/** Clients that take all there is: descriptors, idle connections, requests that are never sent to their end. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { digestOf } from '../../host/base/ids.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { helloOf, textOf } from './hello-of.ts';
import { WorkersHost } from './workers-host.ts';

/** Descriptors of each process of the host. */
const DESCRIPTORS = 150;
const MOST_IDLE = 10_000;
/** What this process needs for itself. */
const OWN_DESCRIPTORS = 300;
const HALF_OPEN = 300;
const HEADERS_MS = 1500;

const skip = process.platform !== 'linux';

/** Opens connections, some of which may be refused or closed again. */
class Crowd {
  readonly #sockets: Socket[] = [];
  closed = 0;
  connected = 0;

  constructor(t: Test, port: number, count: number, text = '') {
    t.teardown(() => this.leave());
    for (let left = count; left > 0; left -= 1) {
      const socket = connect(port, '127.0.0.1').on('error', () => {});
      socket.once('connect', () => {
        this.connected += 1;
        if (text !== '') socket.write(text);
      });
      socket.once('close', () => (this.closed += 1)).resume();
      this.#sockets.push(socket);
    }
  }

  leave(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

function send(port: number, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const one = request({ port, host: '127.0.0.1', path: '/app/', agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      response.on('end', () => resolve(text)).on('error', reject);
    });
    one.on('error', reject).end();
  });
}

t.test(
  'workers out of file descriptors serve who is connected, and recover',
  { skip },
  async (t) => {
    const wrapper = ['sh', '-c', `ulimit -n ${DESCRIPTORS}; exec "$@"`, 'sh'];
    const cluster = await WorkersHost.start(t, { wrapper });
    const { host } = cluster;
    await host.deploy('app', await helloOf(0));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.teardown(() => agent.destroy());
    t.equal(await send(cluster.port, agent), textOf(0));
    const before = cluster.workers();
    const crowd = new Crowd(t, cluster.port, 4 * DESCRIPTORS);
    await cluster.until('some are closed again', () => crowd.closed > 0);
    for (let time = 0; time < 20; time += 1) t.equal(await send(cluster.port, agent), textOf(0));
    t.match(await host.deploy('app', await helloOf(1)), { result: 'created' });
    // Its code has to be read first, which takes a descriptor; what was replaced is not served any more.
    const answer = await send(cluster.port, agent);
    t.ok(answer === textOf(1) || answer.includes('"code":"files_exhausted"'), answer);
    t.same(cluster.workers(), before, 'nobody has ended');
    crowd.leave();
    await cluster.until('new connections are served again', async () => {
      const fresh = new Agent();
      return (await send(cluster.port, fresh).catch(() => '')) === textOf(1);
    });
    const bytes = Buffer.from('new bytes');
    t.equal(await host.upload(bytes), digestOf(bytes));
  },
);

t.test('10,000 idle connections leave room for those who ask', { skip }, async (t) => {
  const cluster = await WorkersHost.start(t);
  await cluster.host.deploy('app', await helloOf(0));
  const own = Number(
    /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1],
  );
  const count = Math.min(MOST_IDLE, own - OWN_DESCRIPTORS);
  const load = await SteadyLoad.start(t, {
    port: cluster.port,
    path: '/app/',
    requestsPerSecond: 100,
    connections: 8,
  });
  const crowd = new Crowd(t, cluster.port, count);
  await cluster.until('all are connected', () => crowd.connected === count);
  await load.answers(200);
  t.match(await cluster.host.deploy('app', await helloOf(1)), { result: 'created' });
  crowd.leave();
  await load.answers(100);
  const { failures, statuses, longestMs, sent } = await load.stop();
  t.same({ failures, statuses: Object.keys(statuses) }, { failures: [], statuses: ['200'] });
  t.comment(`${count} idle, ${sent} requests, longest ${Math.round(longestMs)} ms`);
});

t.test(
  'clients that never finish their request are sent away, and harm nobody',
  { skip },
  async (t) => {
    const config = { http: { headersTimeoutMs: HEADERS_MS } };
    const cluster = await WorkersHost.start(t, { config });
    await cluster.host.deploy('app', await helloOf(0));
    const load = await SteadyLoad.start(t, {
      port: cluster.port,
      path: '/app/',
      requestsPerSecond: 100,
      connections: 8,
    });
    const crowd = new Crowd(t, cluster.port, HALF_OPEN, 'GET /app/ HTTP/1.1\r\nhost: a\r\nx-');
    await cluster.until('all are sent away', () => crowd.closed === HALF_OPEN);
    const { failures, statuses } = await load.stop();
    t.same({ failures, statuses: Object.keys(statuses) }, { failures: [], statuses: ['200'] });
  },
);
