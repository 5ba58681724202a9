import { chmod, mkdir, mkdtemp, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { openRunDirectory, runDirectoryOf } from '../../host/cluster/run-directory.ts';
import { fitsSocketPath } from '../../host/links/unix-socket.ts';

const skip = process.platform === 'win32';

async function folderOf(t: { teardown(task: () => unknown): void }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rd-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

t.test('sockets lie in the data directory, in a folder of this user alone', { skip }, async (t) => {
  const data = await folderOf(t);
  const run = openRunDirectory(data);
  t.equal(run.path, join(data, 'run'));
  t.equal((await stat(run.path)).mode & 0o777, 0o700);
  t.strictSame(openRunDirectory(data), run, 'again');
});

t.test('a long path leads to a folder of its own where sockets fit', { skip }, async (t) => {
  const base = await folderOf(t);
  const long = join(base, 'x'.repeat(60), 'y'.repeat(60));
  const other = join(base, 'x'.repeat(60), 'z'.repeat(60));
  await mkdir(long, { recursive: true });
  const run = openRunDirectory(long);
  t.teardown(() => rm(run.path, { recursive: true, force: true }));
  t.ok(run.path.startsWith(tmpdir()), run.path);
  t.equal((await stat(run.path)).mode & 0o777, 0o700);
  for (const path of [run.supervisorSocket, run.launcherSocket]) t.ok(fitsSocketPath(path), path);
  t.strictSame(runDirectoryOf(long), run, 'always the same one');
  t.not(runDirectoryOf(other).path, run.path, 'and another for another data directory');
});

t.test('a folder that others may enter, or that is none, is refused', { skip }, async (t) => {
  const data = await folderOf(t);
  await mkdir(join(data, 'run'));
  await chmod(join(data, 'run'), 0o755);
  t.throws(() => openRunDirectory(data), { code: 'data_directory_foreign' });
  await rm(join(data, 'run'), { recursive: true });
  await mkdir(join(data, 'elsewhere'), { mode: 0o700 });
  await symlink(join(data, 'elsewhere'), join(data, 'run'));
  t.throws(() => openRunDirectory(data), { code: 'data_directory_foreign' }, 'a link to one');
});
