import { once } from 'node:events';
import { copyFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { EXIT } from '../../cli/exit-codes.ts';
import { replaceFile, startDev, urlOf } from './dev-process.ts';
import { fakeProject } from './fake-project.ts';

t.test('dev that is killed leaves no host behind', async (t) => {
  const dev = startDev(t, [fakeProject(t)]);
  const url = urlOf(await dev.next('deployed'));
  dev.child.kill('SIGKILL');
  await once(dev.child, 'exit');
  for (let isGone = false; !isGone;)
    isGone = await fetch(url).then(
      () => false,
      () => true,
    );
  t.pass('the host has ended');
});

t.test('Ctrl-C in a build ends the build', async (t) => {
  const folder = fakeProject(t, { which: 'hang' });
  const dev = startDev(t, [folder]);
  await once(dev.child.stderr, 'data');
  dev.child.kill('SIGINT');
  // The build has our stderr: it closes when the last of its processes is gone.
  t.same(await once(dev.child, 'close'), [0, null]);
});

t.test('an address that is not ours ends it, with the reason', async (t) => {
  const dev = startDev(t, [fakeProject(t), '--listen', '192.0.2.1:1']);
  const [[code], told] = await Promise.all([once(dev.child, 'close'), dev.rest()]);
  t.equal(code, EXIT.unexpected);
  t.match(told, [{ event: 'note', text: /^host: error: Cannot listen on "192.0.2.1:1"/ }]);
});

t.test('a build that writes into what it watches does not build for ever', async (t) => {
  const folder = fakeProject(t);
  await writeFile(join(folder, 'src', 'stamp.txt'), '');
  const dev = startDev(t, [folder]);
  t.match(await dev.next('note'), { text: /^the build writes .*stamp.txt, which it watches/ });
  await replaceFile(join(folder, 'src', 'which.txt'), 'upper-c');
  t.match(await dev.next('changed'), { paths: [/which.txt$/] });
  t.match(await dev.next('deployed'), { version: 2 });
  dev.child.kill('SIGINT');
  await once(dev.child, 'close');
});

t.test(
  'without a build command the component itself is watched, and what goes along',
  async (t) => {
    const components = new URL('../../components/', import.meta.url);
    const folder = t.testdir({
      'faas.toml':
        'name = "x"\nsource = "target/app.wasm"\ndirectories = [{ source = "files", path = "/f" }]',
      target: {},
      files: { 'a.txt': 'a' },
    });
    const artifact = join(folder, 'target', 'app.wasm');
    await copyFile(new URL('upper-c.wasm', components), artifact);
    const dev = startDev(t, [folder]);
    await dev.next('deployed');
    await writeFile(join(folder, 'notes.txt'), 'of no interest');
    await replaceFile(join(folder, 'files', 'a.txt'), 'b');
    t.match(await dev.next('changed'), { paths: [/a.txt$/] });
    t.match(await dev.next('deployed'), { version: 2 });
    await copyFile(new URL('hello-rust.wasm', components), join(folder, 'target', 'next'));
    await rename(join(folder, 'target', 'next'), artifact);
    t.match(await dev.next('changed'), { paths: [/app.wasm$/] });
    t.match(await dev.next('deployed'), { version: 3 });
    dev.child.kill('SIGINT');
    await once(dev.child, 'close');
  },
);
