import { readdirSync } from 'node:fs';
import t from 'tap';
import { findBadNames, findLongFiles, findUncommented } from './file-rules.ts';
import { ROOT, readSources } from './source-files.ts';

const product = readSources(['host', 'cli', 'benchmarks']);
const tests = readSources(['tests']);

t.test('the rules for files find what breaks them', (t) => {
  const file = (path: string, text = ''): { path: string; text: string } => ({ path, text });
  const long = 'a;\n'.repeat(401);
  t.match(findLongFiles([file('host/a/b.ts', long)]), [/has 401 lines/]);
  t.same(findLongFiles([file('host/a/b.ts', 'a;\n'.repeat(400))]), []);
  t.same(findLongFiles([file('host/a/b.ts', `/** Long because it is a table. */\n${long}`)]), []);
  t.same(findLongFiles([file('tests/a/b.test.ts', long)]), [], 'tests may be longer');
  for (const name of ['utils.ts', 'index.ts', 'CamelCase.ts', 'snake_case.ts', 'helpers.js']) {
    t.equal(findBadNames([file(`host/a/${name}`)]).length, 1, name);
  }
  t.same(findBadNames([file('a/b-c.long.test.ts'), file('a/webassembly.d.ts')]), []);
  t.same(findUncommented([file('a.ts', '/** Fine. */\nimport a;')]), []);
  t.same(findUncommented([file('a.js', '#!/usr/bin/env node\n/**\n * Fine.\n */')]), []);
  t.same(findUncommented([file('a.ts', 'import a;\n/** Late. */')]), ['a.ts']);
  t.end();
});

t.test('no source file is too long, vaguely named or a barrel', (t) => {
  t.same(findLongFiles([...product, ...tests]), []);
  t.same(findBadNames([...product, ...tests]), []);
  t.end();
});

t.test('every source file opens with a comment', (t) => {
  t.same(findUncommented(product), []);
  t.end();
});

t.test('the top level holds what it should and nothing else', (t) => {
  const made = new Set(['node_modules', 'dist']);
  const found = readdirSync(ROOT).filter((name) => !name.startsWith('.') && !made.has(name));
  t.same(found.filter((name) => !name.endsWith('.tgz')).sort(), [
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'benchmarks',
    'cli',
    'components',
    'docs',
    'host',
    'package-lock.json',
    'package.json',
    'sdk',
    'tests',
    'tsconfig.json',
  ]);
  t.end();
});
