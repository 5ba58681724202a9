import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { componentWit } from '@bytecodealliance/jco-transpile/wasm-tools';
import t from 'tap';
import { CATCHES, catchAll, catchExit } from './catch-all.ts';
import type { Catch } from './catch-all.ts';
import { example, misbehave, wat } from './guests.ts';
import type { ExampleName } from './guests.ts';
import { manyImports } from './many-imports.ts';
import { watNames } from './wat.ts';

const MOST_BYTES = 300 * 1024;
const components = join(import.meta.dirname, '..', '..', 'components');

/** What a guest exports, or `core` if it is a core module. */
async function kindOf(bytes: Uint8Array): Promise<string> {
  if (bytes[6] === 0) {
    new WebAssembly.Module(Uint8Array.from(bytes));
    return 'core';
  }
  return /export (\S+?)(@\S+)?;/.exec(await componentWit(bytes))?.[1] ?? 'nothing';
}

const EXAMPLES: Readonly<Record<ExampleName, string>> = {
  'hello-rust': 'wasi:http/incoming-handler',
  'echo-rust': 'wasi:http/incoming-handler',
  'fetch-rust': 'wasi:http/incoming-handler',
  'files-rust': 'wasi:cli/run',
  'upper-c': 'core',
  'hello-p3-rust': 'wasi:http/handler',
  'echo-p3-rust': 'wasi:http/handler',
  'fetch-p3-rust': 'wasi:http/handler',
  'events-p3-rust': 'wasi:http/handler',
  'json-rust': 'wasi:http/incoming-handler',
  'json-c': 'core',
  'usage-rust': 'wasi:http/incoming-handler',
  'kv-rust': 'wasi:http/incoming-handler',
};

t.test('every committed guest is valid, small, and of its kind', async (t) => {
  for (const [name, kind] of Object.entries(EXAMPLES)) {
    const bytes = example(name as ExampleName);
    t.equal(await kindOf(bytes), kind, name);
    t.ok(bytes.length < MOST_BYTES, `${name} has ${bytes.length} bytes`);
  }
  t.equal(await kindOf(misbehave()), 'wasi:http/incoming-handler');
  t.ok(misbehave().length < MOST_BYTES);
});

t.test('examples.json lists every example, and everything it names is there', (t) => {
  const examples = JSON.parse(readFileSync(join(components, 'examples.json'), 'utf8')) as {
    name: string;
    file?: string;
    build?: string;
    description: string;
    try: string;
    settings: { dirs?: string[]; allowHosts?: string[] };
  }[];
  t.same(
    examples.map(({ name }) => name),
    [...Object.keys(EXAMPLES), 'hello-js'],
  );
  for (const each of examples) {
    t.ok(existsSync(join(components, each.file ?? each.build ?? 'neither')), each.name);
    t.match(each.try, '{url}');
    t.ok(each.description.length > 0);
    for (const directory of each.settings.dirs ?? []) {
      const [host = '', guest = ''] = directory.split('::');
      t.ok(statSync(join(components, host)).isDirectory(), directory);
      t.match(guest, /^\//);
    }
  }
  t.end();
});

const RUN = 'wasi:cli/run';
const HANDLER = 'wasi:http/incoming-handler';
const LOOP = '(loop $l (br $l))';

/** Every guest of `wat/`, the values it is tried with, and its kind. */
const WAT: readonly (readonly [name: string, kind: string, values?: Record<string, string>])[] = [
  ['burn', HANDLER, { burn: '(func $burn)', start: '', handle: '', post: '', realloc: '' }],
  ['catch-all', HANDLER, { ...CATCHES['try_table catch_all'], call: '$spin' }],
  ['catch-exit', RUN, CATCHES['try_table catch_all']],
  ['command', RUN],
  ['core-command', 'core'],
  ['core-not-wasi', 'core'],
  ['core-shared-memory', 'core'],
  ['core-start', 'core', { body: LOOP }],
  ['core-unknown-import', 'core'],
  ['core-without-start', 'core'],
  ['hello', HANDLER],
  ['import', RUN, { import: '"acme:mail/send@1.0.0"' }],
  ['import-function', RUN],
  ['import-unknown-function', RUN],
  ['name-core-module', 'core', { name: '"x"' }],
  ['name-debug-name', RUN, { name: '"x"' }],
  ['name-export', RUN, { name: '"x"' }],
  ['name-import-field', RUN, { name: '"x"' }],
  ['name-import-module', RUN, { name: '"x"' }],
  ['name-instance-export', RUN, { name: '"x"' }],
  ['name-nested', RUN, { name: '"x"' }],
  ['name-twice-nested', RUN, { name: '"x"' }],
  ['nested-destructor', HANDLER],
  ['random-letters', HANDLER],
  ['run-result', RUN, { result: '0' }],
  ['seeded', RUN],
  ['several-versions', RUN],
  ['shared-memory', RUN],
  ['start', RUN, { body: LOOP }],
  ['unknown-world', 'acme:math/add'],
  ['wedge', HANDLER],
];

t.test('every WAT guest is valid and of its kind', async (t) => {
  t.same(
    WAT.map(([name]) => name),
    watNames(),
  );
  for (const [name, kind, values] of WAT) {
    t.equal(await kindOf(await wat(name, values)), kind, name);
  }
});

t.test('wat() imports each release of an interface that a guest names', async (t) => {
  const text = await componentWit(await wat('several-versions'));
  t.match(text, 'import wasi:io/streams@0.2.0;');
  t.match(text, 'import wasi:io/streams@0.2.12;');
});

t.test('wat() refuses a placeholder without a value', async (t) => {
  await t.rejects(wat('import'), { message: /\{\{import\}\}/ });
});

t.test('the guests that catch everything are valid, whatever way they catch', async (t) => {
  for (const how of Object.keys(CATCHES) as Catch[]) {
    for (const call of ['spin', 'sleep', 'cheat'] as const) {
      t.equal(await kindOf(await catchAll(how, call)), HANDLER, `${how}: ${call}`);
    }
    t.equal(await kindOf(await catchExit(how)), RUN, `${how}: exit`);
  }
});

t.test('manyImports() makes as many imports as it is told', async (t) => {
  const wit = await componentWit(await manyImports(50, 'component'));
  t.equal(wit.match(/^ {2}import acme:many\//gm)?.length, 50);
  const core = new WebAssembly.Module(Uint8Array.from(await manyImports(50, 'core')));
  t.equal(WebAssembly.Module.imports(core).length, 50);
  t.equal(await kindOf(await manyImports(50, 'inner')), RUN);
});

t.test('hello-js builds its component once and finds it again', async (t) => {
  const { buildHelloJs } = (await import(
    join(dirname(import.meta.dirname), '..', 'components', 'hello-js', 'build.js')
  )) as { buildHelloJs: () => Promise<string> };
  const [first, second] = await Promise.all([buildHelloJs(), buildHelloJs()]);
  t.equal(first, second);
  const builtMs = statSync(first).mtimeMs;
  t.equal(statSync(await buildHelloJs()).mtimeMs, builtMs);
  t.equal(await kindOf(readFileSync(first)), HANDLER);
});
