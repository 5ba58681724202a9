/** A host that may open no more files or write no more: coded errors, functions that serve, and nothing to repair. */
import { chmod, chown, readdir } from 'node:fs/promises';
import { Agent, request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { digestOf } from '../../host/base/ids.ts';
import { refusalOf } from '../e2e/host-client.ts';
import { startHostProcess } from '../e2e/host-process.ts';
import { wat } from '../guests/guests.ts';

/** Descriptors of the host; it has about 40 open when it serves. */
const DESCRIPTORS = 90;

/** Sends requests over one connection that stays open. */
class OneConnection implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  send(url: string, method = 'GET', headers = {}, body?: Uint8Array): Promise<[number, string]> {
    return new Promise((resolve, reject) => {
      const request = httpRequest(url, { method, headers, agent: this.#agent }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
        response.on('end', () => resolve([response.statusCode ?? 0, text]));
      });
      request.on('error', reject).end(body);
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

t.test('a host out of file descriptors answers who is connected, and recovers', async (t) => {
  const wrapper = ['sh', '-c', `ulimit -n ${DESCRIPTORS}; exec "$@"`, 'sh'];
  const host = await startHostProcess(t, join(t.testdir({}), 'data'), [], { wrapper });
  const known = await wat('hello');
  await host.deploy('app', known);
  const cold = Buffer.concat([known, Buffer.from([0, 2, 1, 120])]);
  await host.deploy('cold', cold);
  using data = new OneConnection();
  using admin = new OneConnection();
  t.match(await data.send(`${host.dataUrl}/app/`), { 0: 200 });
  t.match(await admin.send(`${host.adminUrl}/healthz`), { 0: 200 });

  const descriptors = `/proc/${host.process.child.pid}/fd`;
  const sockets: Socket[] = [];
  const isFull = async (): Promise<boolean> =>
    process.platform !== 'linux' || (await readdir(descriptors)).length >= DESCRIPTORS;
  for (let left = 3 * DESCRIPTORS; left > 0; left -= 1) {
    sockets.push(connect(host.port, '127.0.0.1').on('error', () => {}));
  }
  // There is no event for a table that is full.
  for (let tries = 500; tries > 0 && !(await isFull()); tries -= 1) await delay(10);

  t.match(await data.send(`${host.dataUrl}/app/`), { 0: 200 }, 'what is loaded serves');
  t.match(await data.send(`${host.dataUrl}/cold/`), [503, /"code":"files_exhausted"/]);
  const bytes = Buffer.from('new bytes');
  const headers = { authorization: `Bearer ${host.token}` };
  const url = `${host.adminUrl}/v1/artifacts/${digestOf(bytes)}`;
  t.match(await admin.send(url, 'PUT', headers, bytes), [503, /"code":"files_exhausted"/]);

  for (const socket of sockets) socket.destroy();
  let status = 0;
  for (let tries = 100; tries > 0 && status !== 200; tries -= 1) {
    [status] = await data.send(`${host.dataUrl}/cold/`);
  }
  t.equal(status, 200, 'it was not held against the artifact');
  const more = Buffer.concat([known, Buffer.from([0, 2, 1, 121])]);
  t.match(await host.deploy('more', more), { result: 'created' });
});

t.test('a data directory that becomes read-only refuses changes and serves', async (t) => {
  // Nobody can write a folder of mode 0500, except root.
  const isRoot = process.getuid?.() === 0;
  const dataDir = join(t.testdir({ data: {} }), 'data');
  const nobody = 65_534;
  if (isRoot) await chown(dataDir, nobody, nobody);
  const host = await startHostProcess(t, dataDir, [], isRoot ? { userId: nobody } : {});
  const known = await wat('hello');
  await host.deploy('app', known);
  const cold = Buffer.concat([known, Buffer.from([0, 2, 1, 120])]);
  await host.deploy('cold', cold);
  const folders = [
    dataDir,
    ...['artifacts', 'prepared', 'scratch'].map((name) => join(dataDir, name)),
  ];
  for (const folder of folders) await chmod(folder, 0o500);
  t.match(await refusalOf(host.upload(Buffer.from('new'))), {
    code: 'storage_readonly',
    status: 500,
    fix: /writable/,
  });
  t.equal((await host.call('/app/')).status, 200);
  t.equal((await host.call('/cold/')).status, 200, 'also what is read for the first time');
  for (const folder of folders) await chmod(folder, 0o700);
  const more = Buffer.concat([known, Buffer.from([0, 2, 1, 121])]);
  t.match(await host.deploy('more', more), { result: 'created' }, 'and takes changes again');
});
