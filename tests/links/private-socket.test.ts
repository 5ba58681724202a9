import { once } from 'node:events';
import { lstat, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t from 'tap';
import { connectToPath, listenPrivately } from '../../host/links/unix-socket.ts';

t.test(
  'listenPrivately() works in the folder of the socket alone, and closes it to others before it is there',
  async (t) => {
    // Paths of sockets are short: tap's own folders are not.
    const parent = await mkdtemp(join(tmpdir(), 'faas-'));
    t.teardown(() => rm(parent, { recursive: true, force: true }));
    const folder = join(parent, 'run');
    await mkdir(folder);
    const server: Server = createServer((socket) => socket.destroy());
    t.teardown(() => server.close());
    const path = join(folder, 'admin.sock');
    const remove = await listenPrivately(path, async (hidden) => {
      t.equal(dirname(dirname(hidden)), folder);
      t.equal((await lstat(dirname(hidden))).mode & 0o777, 0o700);
      t.same(await readdir(parent), ['run']);
      server.listen(hidden);
      await once(server, 'listening');
    });
    t.same(await readdir(folder), ['admin.sock']);
    const socket = await connectToPath(path);
    t.ok(socket, 'it is the same socket at its new place');
    socket?.destroy();
    await remove();
    await remove();
    t.same(await readdir(folder), []);
  },
);

t.test('listenPrivately() leaves nothing if the server cannot listen', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'faas-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const failed = listenPrivately(join(folder, 'a.sock'), () => Promise.reject(new Error('no')));
  await t.rejects(failed, { message: 'no' });
  t.same(await readdir(folder), []);
});
