import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import {
  connectToPath,
  fitsSocketPath,
  listenOnPath,
  listenPrivately,
} from '../../host/links/unix-socket.ts';

// Windows has no such paths.
const skip = process.platform === 'win32';

/** Not the test's own folder: the path of a socket must be short. */
async function shortFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'us-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function listen(t: Test, path: string): Promise<void> {
  const server = await listenOnPath(path, (socket) => socket.destroy());
  t.teardown(() => server.close());
}

/** A path of exactly so many bytes. */
function pathOf(folder: string, bytes: number): string {
  return join(folder, 'x'.repeat(bytes - Buffer.byteLength(folder) - 1));
}

t.test('who connects is heard, and only this user may', { skip }, async (t) => {
  const path = join(await shortFolder(t), 's');
  t.equal(await connectToPath(path), undefined, 'nobody listens yet');
  const { promise: accepted, resolve } = Promise.withResolvers<Socket>();
  const server = await listenOnPath(path, resolve);
  t.teardown(() => server.close());
  t.equal((await stat(path)).mode & 0o777, 0o600);
  const socket = await connectToPath(path);
  t.teardown(() => socket?.destroy());
  socket?.write('hello');
  const [bytes] = (await once(await accepted, 'data')) as [Buffer];
  t.equal(bytes.toString(), 'hello');
  (await accepted).destroy();
});

t.test('what a dead process has left is replaced', { skip }, async (t) => {
  const folder = await shortFolder(t);
  const path = join(folder, 's');
  await writeFile(path, 'a plain file');
  await listen(t, path);
  const socket = await connectToPath(path);
  t.ok(socket);
  socket?.destroy();

  // A socket whose process was killed: its file is there, and nobody answers.
  const left = join(folder, 'left');
  const script = `require('node:net').createServer().listen(${JSON.stringify(left)}, () => process.kill(process.pid, 'SIGKILL'))`;
  t.throws(() => execFileSync(process.execPath, ['-e', script], { env: {} }));
  t.ok((await readdir(folder)).includes('left'));
  t.equal(await connectToPath(left), undefined);
  await listen(t, left);
  const again = await connectToPath(left);
  t.ok(again);
  again?.destroy();
});

t.test('a path that is too long is refused before anything is made', { skip }, async (t) => {
  const folder = await shortFolder(t);
  const longest = pathOf(folder, 103);
  const tooLong = pathOf(folder, 104);
  t.ok(fitsSocketPath(longest));
  t.notOk(fitsSocketPath(tooLong));
  t.notOk(fitsSocketPath(`/${'€'.repeat(34)}0`), 'bytes count, not characters');
  await listen(t, longest);
  const expected = { code: 'socket_path_too_long', fields: { path: tooLong, bytes: 104 } };
  await t.rejects(
    listenOnPath(tooLong, () => {}),
    expected,
  );
  await t.rejects(connectToPath(tooLong), expected);
  await t.rejects(
    listenPrivately(tooLong, () => Promise.resolve()),
    expected,
  );
  t.same(await readdir(folder), ['x'.repeat(103 - folder.length - 1)]);
});

t.test('a folder that is not there is a coded error', { skip }, async (t) => {
  const path = join(await shortFolder(t), 'none', 's');
  await t.rejects(
    listenOnPath(path, () => {}),
    { code: 'listen_failed' },
  );
  t.equal(await connectToPath(path), undefined);
});

t.test('a public socket takes the place of nobody who lives', { skip }, async (t) => {
  const folder = await shortFolder(t);
  const path = join(folder, 's');
  const server = createServer().on('connection', (socket) => socket.destroy());
  const listenOn = (hidden: string): Promise<unknown> => {
    server.listen(hidden);
    return once(server, 'listening');
  };
  const remove = await listenPrivately(path, listenOn);
  t.teardown(() => server.close());
  t.equal((await stat(path)).mode & 0o777, 0o600);
  t.same(await readdir(folder), ['s'], 'nothing else is left');
  await t.rejects(
    listenPrivately(path, () => t.fail('nobody may listen') as never),
    { code: 'listen_failed', message: /another process listens there/ },
  );
  await remove();
  t.same(await readdir(folder), []);
  await writeFile(path, 'of somebody');
  await remove();
  t.same(await readdir(folder), ['s'], 'what has taken its place stays');
  await t.rejects(
    listenPrivately(path, () => Promise.resolve()),
    { code: 'listen_failed', message: /something else lies there/ },
  );
});
