/** Our interfaces under a real guest: a preview1 command, the official adapter, jco's generated code. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { $init, generate } from '@bytecodealliance/jco-transpile/component';
import { componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import t from 'tap';
import { digestOf } from '../../host/base/ids.ts';
import { buildImports } from '../../host/engine/jco/bind-imports.ts';
import type { Instantiate } from '../../host/engine/jco/glue.ts';
import { buildSnapshotTree } from '../../host/wasi/filesystem/snapshot-tree.ts';
import { wasiInterfaces } from '../../host/wasi/interfaces.ts';
import { BufferSource } from '../../host/wasi/memory-bytes.ts';
import { openerOf } from './stored-bytes.ts';
import { TestGuest } from './test-guest.ts';

const ADAPTER = join(
  import.meta.dirname,
  '../../node_modules/@bytecodealliance/jco/lib/wasi_snapshot_preview1.command.wasm',
);
/** Release of WASI that the adapter is for. */
const RELEASE = '0.2.12';
const ENTRY = `wasi:cli/run@${RELEASE}`;

t.test('a preview1 command reads, writes, sleeps and exits through our interfaces', async (t) => {
  const run = await loadCommand(t.testdir());
  const content = Buffer.from('from the file ');
  const tree = buildSnapshotTree(
    [{ path: '/data/a.txt', digest: digestOf(content), size: content.length, modifiedMs: 5000 }],
    ['/data'],
    openerOf([content]),
  );
  t.teardown(() => tree.close());
  const guest = new TestGuest({
    stdin: new BufferSource(Buffer.from('from stdin ')),
    preopens: tree.preopens,
  });
  const timerIsSet = guest.clock.untilTimerIsSet();
  const ended = t.rejects(run(guest));
  await Promise.race([timerIsSet, ended]);
  t.equal(guest.clock.timers, 1, 'the guest sleeps');
  guest.clock.advance(5);
  await ended;
  t.same(guest.endReason, { kind: 'exit', exitCode: 0 });
  t.equal(String(guest.collectedStdout.bytes()), 'from stdin from the file ro');
});

/**
 * Makes a function that runs the command on a fresh instance.
 *
 * @param folder Where generated code is kept.
 */
async function loadCommand(folder: string): Promise<(guest: TestGuest) => Promise<unknown>> {
  const text = await readFile(join(import.meta.dirname, 'preview1-command.wat'), 'utf8');
  const component = await componentNew(await parse(text), [
    ['wasi_snapshot_preview1', await readFile(ADAPTER)],
  ]);
  const interfaces = wasiInterfaces.filter(({ versions }) => versions.from !== '0.3.0');
  const blocking = interfaces.flatMap((host) =>
    host.blocking.map((name) => `${host.name}@${RELEASE}#${name}`),
  );
  await $init;
  const { files } = generate(component, {
    name: 'command',
    instantiation: { tag: 'async' },
    asyncMode: { tag: 'jspi', val: { imports: blocking, exports: [`${ENTRY}#run`] } },
    noTypescript: true,
    noNodejsCompat: true,
    base64Cutoff: 0,
    multiMemory: true,
  });
  const code = new Map<string, Uint8Array>(files);
  const glueFile = join(folder, 'command.mjs');
  await writeFile(glueFile, code.get('command.js') ?? '');
  const { instantiate } = (await import(glueFile)) as { instantiate: Instantiate };
  const bindImports = buildImports(interfaces);
  return async (guest) => {
    const exports = await instantiate(
      (name) => new WebAssembly.Module(code.get(name) ?? new Uint8Array(0)),
      bindImports(guest),
      (module, linked) => new WebAssembly.Instance(module, linked),
    );
    const entry = exports[ENTRY]?.['run'];
    if (typeof entry !== 'function') throw new Error(`exports are ${Object.keys(exports).join()}`);
    return await entry();
  };
}
