/** The supervisor's launcher: found or not while it ends, and replaced however often that fails. */
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import '../support/plain-spawn.ts';
import { systemClock } from '../../host/base/clock.ts';
import { LauncherClient } from '../../host/cluster/launcher-client.ts';
import { Launchers } from '../../host/cluster/launchers.ts';
import { openRunDirectory } from '../../host/cluster/run-directory.ts';

/** Short: it is part of a socket's path. */
async function folderOf(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wl-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

t.test('a launcher that ends while it is asked is none', async (t) => {
  const path = join(await folderOf(t), 's');
  const server = createServer((socket) => socket.destroy()).listen(path);
  t.teardown(() => server.close());
  await once(server, 'listening');
  const events = { onExited: () => {}, onLost: () => t.fail('it was never there') };
  t.equal(await LauncherClient.find(path, events), undefined);
});

t.test('a launcher that cannot be replaced is tried again', async (t) => {
  const run = openRunDirectory(await folderOf(t));
  const said: string[] = [];
  const heard = Promise.withResolvers<void>();
  const replaced = Promise.withResolvers<void>();
  const log = pino(
    { base: null },
    {
      write: (line: string) => {
        said.push(line);
        if (line.includes('cannot be replaced')) heard.resolve();
      },
    },
  );
  const launchers = new Launchers({
    run,
    listen: '127.0.0.1:0',
    clock: systemClock,
    log,
    onExited: () => {},
    onLost: () => {
      // What it would listen on is taken by something that it cannot remove.
      rmSync(run.launcherSocket, { force: true });
      mkdirSync(run.launcherSocket);
    },
    freeAddress: () => {},
    onReplaced: () => replaced.resolve(),
  });
  t.teardown(() => launchers.close());
  await launchers.start(false);
  const first = launchers.pid ?? 0;
  process.kill(first, 'SIGKILL');
  await heard.promise;
  t.equal(launchers.pid, undefined);
  rmSync(run.launcherSocket, { recursive: true });
  await replaced.promise;
  const second = launchers.pid;
  t.ok(second !== undefined && second !== first);
  t.match(said.at(-1), /another launcher is there/);
  launchers.end();
});
