import { spawnSync } from 'node:child_process';
import { Script } from 'node:vm';
import t from 'tap';
import '../support/plain-spawn.ts';
import { prepare, type PrepareOutcome } from '../../host/deploy/prepare.ts';
import { compileGenerated, createCodeCache, currentV8 } from '../../host/engine/code-cache.ts';
import type { PreparedArtifact } from '../../host/engine/engine.ts';
import type { EngineName, Manifest } from '../../host/engine/manifest.ts';
import { example } from '../guests/guests.ts';

const OPTIONS = { maxImports: 1000, memoryBytes: 64 * 2 ** 20 };

function prepareFor(engine: EngineName): Promise<PrepareOutcome> {
  return prepare(example('hello-rust'), { ...OPTIONS, engine }, () => {});
}

function artifactOf({ manifest, files }: PrepareOutcome): PreparedArtifact {
  return { manifest, files: new Map(files.map(({ name, bytes }) => [name, bytes])) };
}

for (const engine of ['native', 'jco'] as const) {
  t.test(`deploy compiles generated code for the ${engine} engine, and V8 takes it`, async (t) => {
    const prepared = artifactOf(await prepareFor(engine));
    const { codeCache } = prepared.manifest;
    t.equal(codeCache?.v8, currentV8());
    t.equal(compileGenerated(prepared, 'x.js').cachedDataRejected, false);
  });
}

/** What a script of its own prints, in a process without what tests add to one. */
function printed(script: string, flags: readonly string[] = []): string {
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, '--eval', script], {
    env: {},
    encoding: 'utf8',
  });
  if (stderr !== '') throw new Error(stderr);
  return stdout;
}

t.test('another process with the flags of the preparing one has the same V8', (t) => {
  const flags = ['--max-old-space-size=128', '--permission', '--allow-fs-read=*'];
  for (const given of [[], flags]) {
    const tag = printed('process.stdout.write(String(v8.cachedDataVersionTag()))', given);
    t.equal(Number(tag), currentV8(), given.join(' '));
  }
  t.end();
});

t.test('what another V8 compiled is not used', async (t) => {
  const prepared = artifactOf(await prepareFor('native'));
  const codeCache = { file: 'glue.cache', v8: currentV8() ^ 1 };
  const manifest: Manifest = { ...prepared.manifest, codeCache };
  t.equal(compileGenerated({ ...prepared, manifest }, 'x.js').cachedDataRejected, undefined);
});

t.test('functions that nobody has called are compiled too, and later ones are not', (t) => {
  const functions = Array.from({ length: 50 }, (_, index) => `(x) => [x, ${index}]`);
  const source = `(function () { return [${functions.join(', ')}]; })`;
  const all = createCodeCache(source).byteLength;
  const lazy = new Script(`${source} `).createCachedData().byteLength;
  t.ok(all > 2 * lazy, `${all} bytes and ${lazy}`);
  t.end();
});
