/**
 * Projects hold the SDK as files of their own, so that they build from package registries alone: every template has
 * a copy of what `sdk/` has, and a manifest and description that the commands take.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { parse } from 'smol-toml';

const SDK = fileURLToPath(new URL('../../sdk', import.meta.url));
const TEMPLATES = ['c', 'cgi', 'go', 'hono', 'js', 'python', 'rust', 'ts'];

const JS = {
  'js/faas.js': 'faas/faas.js',
  'js/faas.d.ts': 'faas/faas.d.ts',
  'js/build.js': 'faas/build.js',
};
const WORLD = 'wit/function/world.wit';
/** Files of `sdk/`, and where a template has them. */
const COPIES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  c: { 'c/faas.h': 'src/faas.h' },
  js: { ...JS, [WORLD]: 'faas/world.wit' },
  ts: { ...JS, [WORLD]: 'faas/world.wit' },
  hono: { ...JS, [WORLD]: 'faas/world.wit' },
  python: { 'python/faas.py': 'faas.py', [WORLD]: 'world.wit' },
  rust: { 'rust/src/faas.rs': 'src/faas.rs' },
  go: {
    ...Object.fromEntries(
      (await readdir(join(SDK, 'go')))
        .filter((name) => name.endsWith('.go'))
        .map((name) => [`go/${name}`, `faas/${name}`]),
    ),
    [WORLD]: 'faas/world.wit',
  },
};

t.test('the templates are those of the documentation', async (t) => {
  t.same((await readdir(join(SDK, 'templates'))).sort(), TEMPLATES);
});

for (const template of TEMPLATES) {
  const folder = join(SDK, 'templates', template);

  const copies = Object.entries(COPIES[template] ?? {});
  t.test(
    `template ${template}: its SDK is the one of sdk/`,
    { skip: copies.length === 0 },
    async (t) => {
      for (const [original, copy] of copies) {
        const [expected, found] = await Promise.all(
          [join(SDK, original), join(folder, copy)].map((path) => readFile(path, 'utf8')),
        );
        t.equal(found, expected, `cp sdk/${original} sdk/templates/${template}/${copy}`);
      }
    },
  );

  t.test(`template ${template}: manifest and description agree`, async (t) => {
    const manifest = parse(await readFile(join(folder, 'faas.toml'), 'utf8')) as {
      name: string;
      build: Record<string, unknown>;
    };
    const description = JSON.parse(await readFile(join(folder, 'template.json'), 'utf8')) as {
      description: string;
      needs: string[];
    };
    t.equal(manifest.name, '{{name}}');
    t.same(manifest.build['needs'], description.needs);
    t.match(description.description, /^[A-Z].{10,80}$/);
    t.match(await readFile(join(folder, 'README.md'), 'utf8'), /faas deploy/);
    t.ok(await readFile(join(folder, '_gitignore'), 'utf8'));
  });
}
