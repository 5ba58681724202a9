import { once } from 'node:events';
import { chmod, mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { openDataDirectory } from '../../host/storage/data-directory.ts';
import { runInShell, startChild } from './child.ts';

t.test(
  'openDataDirectory() creates the directory with its parents for its owner alone',
  async (t) => {
    const path = join(t.testdir(), 'a', 'b');
    await using directory = await openDataDirectory(path);
    t.equal(directory.path, path);
    t.equal((await stat(path)).mode & 0o777, 0o700);
    t.equal(await readFile(join(path, 'format'), 'utf8'), 'wasi-faas data 1\n');
  },
);

t.test('openDataDirectory() opens again after close(), twice called', async (t) => {
  const path = t.testdir();
  const directory = await openDataDirectory(path);
  await Promise.all([directory.close(), directory.close()]);
  const again = await openDataDirectory(path);
  await again.close();
  t.same((await readdir(path)).sort(), ['format', 'host.lock'], 'no leftovers');
});

t.test('openDataDirectory() refuses a second host of the same process', async (t) => {
  const path = t.testdir();
  await using _first = await openDataDirectory(path);
  await t.rejects(openDataDirectory(path), {
    code: 'data_directory_locked',
    fields: { owner: `process ${process.pid}` },
  });
  await t.rejects(openDataDirectory(path), { code: 'data_directory_locked' }, 'and again');
});

t.test(
  'openDataDirectory() refuses while another process holds it, and takes over after kill -9',
  async (t) => {
    const path = t.testdir();
    const child = startChild(new URL('./hold-directory.ts', import.meta.url), [path]);
    t.teardown(() => child.kill('SIGKILL'));
    if (child.stdout === null) throw new Error('no stdout');
    await once(child.stdout, 'data');
    await t.rejects(openDataDirectory(path), {
      code: 'data_directory_locked',
      message: `Cannot open the data directory "${path}": process ${child.pid} uses it`,
    });
    child.kill('SIGKILL');
    await once(child, 'exit');
    t.match(await readdir(path), ['format', 'host.json'], 'the dead host left its file');
    await using directory = await openDataDirectory(path);
    t.equal(directory.path, path);
  },
);

t.test('openDataDirectory() says why a directory cannot be written', async (t) => {
  const path = t.testdir({ file: 'text' });
  await t.rejects(openDataDirectory(join(path, 'file')), {
    code: 'data_directory_unwritable',
    fields: { reason: 'it exists and is not a directory' },
  });
  await t.rejects(openDataDirectory(join(path, 'file', 'below')), {
    code: 'data_directory_unwritable',
    fields: { reason: 'a part of its path is a file' },
  });
});

t.test(
  'openDataDirectory() refuses a directory of another user',
  { skip: process.platform === 'win32' },
  async (t) => {
    const path = join(t.testdir(), 'closed');
    await mkdir(path);
    await chmod(path, 0o555);
    const script = new URL('./open-unprivileged.ts', import.meta.url);
    const { output } = await runInShell('exec "$@"', script, [path]);
    t.match(JSON.parse(output), {
      code: 'data_directory_unwritable',
      message: `Cannot open the data directory "${path}": permission denied`,
    });
  },
);

t.test('openDataDirectory() refuses newer, foreign and unreadable formats', async (t) => {
  const cases = [
    { files: { format: 'wasi-faas data 2\n' }, code: 'data_directory_too_new' },
    { files: { format: 'something else' }, code: 'data_directory_foreign' },
    { files: { scratch: { 'thesis.txt': 'years of work' } }, code: 'data_directory_foreign' },
  ];
  for (const [index, { files, code }] of cases.entries()) {
    const path = t.testdir({ [index]: files });
    await t.rejects(openDataDirectory(join(path, String(index))), { code });
    await t.rejects(
      openDataDirectory(join(path, String(index))),
      { code },
      'the lock was given back',
    );
  }
});

t.test('openDataDirectory() removes what interrupted writes left, and nothing else', async (t) => {
  const path = join(t.testdir({}), 'data');
  await (await openDataDirectory(path)).close();
  const before = await readdir(path);
  const id = 'cabcf5bc-9b5b-4b5a-8a8e-5d8f6c6d7b3a';
  for (const name of ['probe', 'format', 'host.json', 'admin-token', 'quarantine.json']) {
    await writeFile(join(path, `${name}.${id}.tmp`), 'half');
  }
  await writeFile(join(path, `mine.${id}.tmp`), 'whole');
  await (await openDataDirectory(path)).close();
  t.same((await readdir(path)).sort(), [...before, `mine.${id}.tmp`].sort());
});

t.test('openDataDirectory() leaves alone what else lies in a new directory', async (t) => {
  const path = t.testdir({ 'config.json': '{}' });
  await writeFile(join(path, 'lost+found'), '');
  await using directory = await openDataDirectory(path);
  t.equal(await readFile(join(directory.path, 'config.json'), 'utf8'), '{}');
});
