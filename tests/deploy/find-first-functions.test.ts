/** Deploy calls a component once to see which functions its first request needs. */
import { once } from 'node:events';
import { fork } from 'node:child_process';
import t from 'tap';
import '../support/plain-spawn.ts';
import { prepare, type PrepareOutcome } from '../../host/deploy/prepare.ts';
import { burn } from '../guests/burn.ts';
import { example } from '../guests/guests.ts';
import { wedge } from '../guests/wedge.ts';

const SECTION_NAME = 'metadata.code.compilation_priority';

function prepareHere(bytes: Uint8Array, memoryBytes = 2 ** 30): Promise<PrepareOutcome> {
  const options = { maxImports: 2000, engine: 'auto', memoryBytes } as const;
  return prepare(bytes, options, () => {});
}

/** How many functions V8 is told of, in all core modules. */
function hintsOf({ manifest, files }: PrepareOutcome): number {
  const counts = manifest.modules.map(({ file }) => {
    const bytes = files.find(({ name }) => name === file)?.bytes ?? new Uint8Array(0);
    const module = new WebAssembly.Module(new Uint8Array(bytes));
    const [section] = WebAssembly.Module.customSections(module, SECTION_NAME);
    return section === undefined ? 0 : (new Uint8Array(section)[0] ?? 0);
  });
  return counts.reduce((sum, count) => sum + count, 0);
}

for (const name of ['hello-rust', 'echo-rust', 'hello-p3-rust', 'upper-c'] as const) {
  t.test(`${name}: some of its functions, and not all`, async (t) => {
    const first = hintsOf(await prepareHere(example(name)));
    t.ok(first >= 5 && first < 120, `${first} functions`);
  });
}

t.test('a guest that burns for ever is prepared, and what it entered is known', async (t) => {
  for (const place of ['tight-loop', 'recursion', 'catch-all', 'post-return'] as const) {
    const first = hintsOf(await prepareHere(await burn(place)));
    t.ok(first >= 2 && first < 10, `${place}: ${first} functions`);
  }
});

t.test('a guest that may take more memory than there is is prepared, and not called', async (t) => {
  t.equal(hintsOf(await prepareHere(await wedge(), 2 ** 31)), 0, 'it would write 2 GiB');
  const usedBytes = process.memoryUsage.rss();
  t.equal(hintsOf(await prepareHere(example('hello-rust'), usedBytes + 2 ** 25)), 0);
});

t.test('V8 compiles a module with hints, many at a time', async (t) => {
  const script = new URL('./compile-hinted.ts', import.meta.url);
  const flags = ['--experimental-wasm-compilation-hints', '--wasm-lazy-validation'];
  const child = fork(script, { execArgv: flags });
  t.teardown(() => child.kill('SIGKILL'));
  const { files, manifest } = await prepareHere(example('echo-rust'));
  const { bytes } = files.find(({ name }) => name === manifest.modules[0]?.file) ?? {};
  t.ok(bytes);
  child.send(Buffer.from(bytes ?? []).toString('base64'));
  t.same(await once(child, 'message'), [{ compiled: 160, functions: 160 }, undefined]);
});
