import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { EXIT } from '../../cli/exit-codes.ts';
import { replaceFile, startDev, urlOf } from './dev-process.ts';
import { fakeProject, PATH_ONLY } from './fake-project.ts';
import { runHere } from './run-faas.ts';

t.test('dev serves, swaps in what changes, survives mistakes and leaves nothing', async (t) => {
  const folder = fakeProject(t);
  const write = (name: string, text: string): Promise<void> =>
    replaceFile(join(folder, name), text);
  const dev = startDev(t, [folder]);
  const { dataDir } = (await dev.next('host')) as unknown as { dataDir: string };
  t.match(await dev.next('built'), { name: 'hello', built: true, kind: 'http' });
  const url = urlOf(await dev.next('deployed'));
  t.equal(await (await fetch(url)).text(), 'Hello from Rust\n');
  t.match(await dev.next('request'), { method: 'GET', url: '/', status: 200, complete: true });

  await write('src/which.txt', 'upper-c');
  t.match(await dev.next('changed'), { paths: [/which.txt$/] });
  t.match(await dev.next('deployed'), { version: 2 });
  const answer = await fetch(`${url}x?y`, { method: 'POST', body: 'louder' });
  t.equal(await answer.text(), 'LOUDER');
  t.match(await dev.next('request'), { method: 'POST', url: '/x?y' });

  await write('src/which.txt', 'fail');
  t.match(await dev.next('error'), { code: 'build_failed' });
  t.equal((await fetch(url, { method: 'POST', body: 'still' })).status, 200, 'the old one serves');

  await write('src/which.txt', 'hello-rust');
  await dev.next('deployed');
  const manifest = await readFile(join(folder, 'faas.toml'), 'utf8');
  await write('faas.toml', `${manifest}\n[limits]\nmemory = 5\n`);
  t.match(await dev.next('error'), { code: 'invalid_manifest_value' });
  await write('faas.toml', `${manifest}\n[limits]\nmemory = "16MiB"\n`);
  await dev.next('deployed');
  const described = await runHere(['list', '--format', 'json', '--data-dir', dataDir]);
  t.match(JSON.parse(described.stdout), [{ live: { limits: { memoryBytes: 16_777_216 } } }]);

  dev.child.kill('SIGINT');
  t.same(await once(dev.child, 'close'), [0, null]);
  t.notOk(existsSync(dataDir), 'its data is gone');
  await t.rejects(fetch(url), 'and so is its host');
});

t.test('dev without a manifest that can be read ends at once', async (t) => {
  const folder = fakeProject(t, { top: 'nmae = "x"' });
  t.match(await runHere(['dev', folder], PATH_ONLY), {
    code: EXIT.manifestInvalid,
    stderr: /Write "name" if that is what you mean/,
  });
});
