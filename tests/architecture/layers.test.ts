import t from 'tap';
import { findCycles, findLayerBreaks, LAYERS } from './layers.ts';
import { hasComputedImport, importsOf, readSource, readSources } from './source-files.ts';

const host = readSources(['host'], ['.ts']);

t.test('importsOf() finds every form of import, and none in comments', (t) => {
  const text = `/** import x from './comment.ts' */
import a from './default.ts';
import type { B } from './type.ts';
import {
  c,
  type D,
} from './several-lines.ts';
import './bare.ts';
export { e } from './again.ts';
// import f from './line.ts';
const f = await import('./late.ts');
type G = import('./in-type.ts').G;
`;
  t.same([...importsOf({ path: 'host/a/b.ts', text })].sort(), [
    './again.ts',
    './bare.ts',
    './default.ts',
    './in-type.ts',
    './late.ts',
    './several-lines.ts',
    './type.ts',
  ]);
  t.ok(hasComputedImport({ path: 'a.ts', text: 'await import(name)' }));
  t.notOk(hasComputedImport({ path: 'a.ts', text: "await import('./a.ts')" }));
  t.end();
});

t.test('findLayerBreaks() tells of imports upward, sideways, outward and of new folders', (t) => {
  const imports = (path: string, ...targets: string[]): { path: string; text: string } => ({
    path,
    text: targets.map((target) => `import type { A } from '${target}';`).join('\n'),
  });
  t.same(findLayerBreaks([imports('host/wasm/a.ts', '../base/b.ts', './c.ts')]), []);
  t.same(findLayerBreaks([imports('host/main.ts', './host.ts', './http/a.ts')]), []);
  t.same(findLayerBreaks([imports('host/engine/jco/a.ts', '../engine.ts')]), [], 'own folder');
  const breaks: readonly (readonly [string, string])[] = [
    ['host/base/a.ts', '../wasm/b.ts'],
    ['host/engine/a.ts', '../wasi/b.ts'],
    ['host/http/a.ts', '../admin/b.ts'],
    ['host/http/a.ts', '../host.ts'],
    ['host/invoke/a.ts', '../../cli/b.ts'],
    ['host/invoke/a.ts', '../../tests/b.ts'],
    ['host/main.ts', '../benchmarks/b.ts'],
    ['host/invoke/a.ts', '../unknown/b.ts'],
  ];
  for (const [from, to] of breaks) {
    t.equal(findLayerBreaks([imports(from, to)]).length, 1, `${from} → ${to}`);
  }
  t.match(findLayerBreaks([imports('host/utils/a.ts')]), [/has no layer/]);
  t.end();
});

t.test('findCycles() finds cycles of any length', (t) => {
  const file = (path: string, target: string): { path: string; text: string } => ({
    path,
    text: `import '${target}';`,
  });
  t.same(findCycles([file('host/a.ts', './b.ts'), file('host/b.ts', './c.ts')]), []);
  const types = { path: 'host/b.ts', text: "import type {\n  A,\n} from './a.ts';" };
  t.same(findCycles([file('host/a.ts', './b.ts'), types]), [], 'types are gone at run time');
  t.same(
    findCycles([
      file('host/z.ts', './a.ts'),
      file('host/a.ts', './b.ts'),
      file('host/b.ts', './c.ts'),
      file('host/c.ts', './a.ts'),
    ]),
    ['host/a.ts → host/b.ts → host/c.ts → host/a.ts'],
  );
  t.end();
});

t.test('every import in host/ goes down the layers', (t) => {
  t.ok(host.length > 100, `${host.length} files`);
  t.same(findLayerBreaks(host), []);
  t.same(
    host.filter(hasComputedImport).map(({ path }) => path),
    [],
    'every target is written out',
  );
  t.end();
});

t.test('no imports in host/ and cli/ form a cycle', (t) => {
  t.same(findCycles([...host, ...readSources(['cli'])]), []);
  t.end();
});

t.test('docs/architecture.md draws the same layers', (t) => {
  const { text } = readSource('docs/architecture.md');
  for (const [folder, layer] of LAYERS) {
    t.match(text, new RegExp(`^ *${layer} .*\\b${folder}/`, 'm'), `${folder}/ in layer ${layer}`);
  }
  t.end();
});
