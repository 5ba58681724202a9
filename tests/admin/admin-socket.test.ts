/** The admin API on a UNIX socket: who may connect, what it replaces, what it leaves behind. */
import { once } from 'node:events';
import { lstat, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { ApiClient } from '../../cli/api-client.ts';
import { openHarness, type AdminHarness } from './harness.ts';
import { shortFolder } from './short-folder.ts';

/** Asks as a client does that knows no token, or a wrong name. */
async function ask(
  socketPath: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number | undefined; readonly body: string }> {
  const [answer] = await once(
    request({ socketPath, path, headers, agent: false }).end(),
    'response',
  );
  return { status: answer.statusCode, body: await text(answer) };
}

async function loadHost({ url, token }: AdminHarness): Promise<unknown> {
  await using client = new ApiClient(url, token);
  return await client.json({ method: 'GET', path: '/v1/host' });
}

async function listenOn(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy()).listen(path);
  await once(server, 'listening');
  return server;
}

t.test('the API answers on a socket that only its user may connect to', async (t) => {
  const dir = await shortFolder(t);
  const path = join(dir, 'run.sock');
  const harness = await openHarness(t, { admin: `unix:${path}` }, join(dir, 'data'));
  t.equal(harness.url, `unix:${path}`);
  const found = await lstat(path);
  t.ok(found.isSocket());
  t.equal(found.mode & 0o777, 0o600);
  t.match(await loadHost(harness), { adminUrl: `unix:${path}` });
  t.same((await readdir(dir)).toSorted(), ['data', 'run.sock'], 'nothing else is left');
  t.match(await ask(path, '/v1/host'), { status: 401 }, 'a token is asked for all the same');
  t.match(await ask(path, '/healthz', { host: 'any.example' }), { status: 200 });
  t.match(await ask(path, '/metrics'), { status: 200, body: '# metrics\n' });
  await harness.close();
  t.same(await readdir(dir), ['data'], 'the socket is gone');
});

t.test('/metrics on a socket asks for a token where it never is open', async (t) => {
  const overrides = { admin: 'unix:a.sock', metrics: { open: 'never' } };
  const { dataDir } = await openHarness(t, overrides, await shortFolder(t));
  t.match(await ask(join(dataDir, 'a.sock'), '/metrics'), { status: 401 });
});

t.test('a relative path is one in the data directory', async (t) => {
  const harness = await openHarness(t, { admin: 'unix:admin.sock' }, await shortFolder(t));
  t.equal(harness.url, `unix:${join(harness.dataDir, 'admin.sock')}`);
  t.match(await loadHost(harness), { dataDir: harness.dataDir });
});

t.test('the socket of a dead host is replaced', async (t) => {
  const dir = await shortFolder(t);
  const path = join(dir, 'run.sock');
  const dead = await listenOn(join(dir, 'other.sock'));
  await rename(join(dir, 'other.sock'), path);
  dead.close();
  await once(dead, 'close');
  t.ok((await lstat(path)).isSocket(), 'closing left it');
  const harness = await openHarness(t, { admin: `unix:${path}` }, join(dir, 'data'));
  t.match(await loadHost(harness), { adminUrl: `unix:${path}` });
});

t.test('the socket of a living host is refused and goes on', async (t) => {
  const dir = await shortFolder(t);
  const admin = `unix:${join(dir, 'run.sock')}`;
  const first = await openHarness(t, { admin }, join(dir, 'first'));
  await t.rejects(openHarness(t, { admin }, join(dir, 'second')), {
    code: 'listen_failed',
    message: `Cannot listen on "${admin}": another process listens there`,
  });
  t.match(await loadHost(first), { adminUrl: admin });
});

t.test('what is no socket is refused and left as it is', async (t) => {
  const dir = await shortFolder(t);
  await writeFile(join(dir, 'file.sock'), 'mine');
  await symlink('file.sock', join(dir, 'link.sock'));
  const dataDir = join(dir, 'data');
  for (const [path, message] of [
    ['file.sock', /something else lies there/],
    ['link.sock', /something else lies there/],
    ['missing/admin.sock', /the folder of the socket does not exist/],
  ] as const) {
    const opened = openHarness(t, { admin: `unix:${join(dir, path)}` }, dataDir);
    await t.rejects(opened, { code: 'listen_failed', message }, path);
  }
  t.equal(await readFile(join(dir, 'file.sock'), 'utf8'), 'mine');
  t.same((await readdir(dir)).toSorted(), ['data', 'file.sock', 'link.sock']);
  const long = join(dir, 'x'.repeat(110));
  const opened = openHarness(t, { admin: `unix:${long}` }, dataDir);
  await t.rejects(opened, { code: 'socket_path_too_long' });
});

t.test('close() leaves what took the place of its socket', async (t) => {
  const dir = await shortFolder(t);
  const path = join(dir, 'run.sock');
  const harness = await openHarness(t, { admin: `unix:${path}` }, join(dir, 'data'));
  await rm(path);
  await writeFile(path, 'a successor');
  await harness.close();
  t.equal(await readFile(path, 'utf8'), 'a successor');
});
