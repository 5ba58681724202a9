import fs from 'node:fs';
import t from 'tap';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { HostError } from '../../host/base/errors.ts';
import {
  checkSafeName,
  escapeName,
  isSafeName,
  readCoreNames,
} from '../../host/wasm/core-names.ts';

t.test('names that toolchains emit are safe', (t) => {
  for (const name of [
    '',
    '0',
    '$root',
    '$imports',
    'cabi_realloc',
    'cabi_post_wasi:http/incoming-handler@0.2.12#handle',
    '[method]output-stream.blocking-write-and-flush',
    '[resource-drop]fields',
    '[export]local:demo/things@1.0.0-rc.1+build',
    '[async-lower][stream-read-0]read',
    'cm32p2|wasi:http/types@0.2|[constructor]fields',
    '_ZN4core3fmt9Formatter3pad17h0123456789abcdefE',
    '_RNvCs1234_7mycrate3foo$LT$T$GT$',
    '$s4main3FooV3baryyF',
    'GOT.mem',
    'libc++abi.so',
    'libpython3.12.so',
    '~lib/array/Array<i32>#get:length',
    'syscall/js.valueGet',
    'locked-dep=<a:b/c@1.2.3>',
    'fd_write [v2]',
  ]) {
    t.equal(isSafeName(name), true, name);
  }
  t.end();
});

t.test(
  'whatever could end a literal, a comment or a line is not safe, and is shown escaped',
  (t) => {
    const cases: [name: string, character: string][] = [
      ["a'+process.exit()+'b", '\\u{27}'],
      ['a"b', '\\u{22}'],
      ['a`b', '\\u{60}'],
      ['a\\b', '\\u{5c}'],
      ['${x}', '\\u{7b}'],
      ['a*/b', '\\u{2a}'],
      ['a\nb', '\\u{a}'],
      ['a\u0000b', '\\u{0}'],
      ['a\u2028b', '\\u{2028}'],
      ['a\u202eb', '\\u{202e}'],
      ['\ufeffa', '\\u{feff}'],
      ['naïve', '\\u{ef}'],
      ['a💥b', '\\u{1f4a5}'],
      ['a b', '\\u{20}'],
      ['a  [v2]', '\\u{20}'],
      ['a [v2] ', '\\u{20}'],
      ['a [v2]b', '\\u{20}'],
      ['a [vx]', '\\u{20}'],
      ["a' [v2]", '\\u{27}'],
      ['a [v2]\n', '\\u{20}'],
    ];
    for (const [name, character] of cases) {
      t.equal(isSafeName(name), false, escapeName(name));
      try {
        checkSafeName({ name, where: 'export 0 of core module 1' });
        t.fail(`${escapeName(name)} passed`);
      } catch (error) {
        t.ok(error instanceof HostError);
        t.match(error, {
          code: 'unsafe_core_name',
          fields: { character, where: 'export 0 of core module 1' },
        });
        t.match((error as Error).message, /^[ -~…]+$/, 'the message holds nothing of it unescaped');
      }
    }
    t.match(escapeName('x'.repeat(500)), /^x{80}…$/);
    t.end();
  },
);

t.test('readCoreNames() gives module, field and export names with their places', async (t) => {
  const bytes = await parse(`(module
    (import "env" "f" (func)) (import "m'" "t" (table 1 funcref)) (import "env" "g" (global i32))
    (import "env" "tag" (tag)) (import "env" "memory" (memory 1))
    (func (export "run")) (export "again" (memory 0)))`);
  const names = readCoreNames(bytes, 'core module 3', { base: 0, maxImports: 10 });
  t.same(
    names.map(({ name }) => name),
    ['env', 'f', "m'", 't', 'env', 'g', 'env', 'tag', 'env', 'memory', 'run', 'again'],
  );
  t.same(names[2], { name: "m'", where: 'import 1 (module name) of core module 3' });
  t.same(names[11], { name: 'again', where: 'export 1 of core module 3' });
  t.throws(() => readCoreNames(bytes, 'x', { base: 0, maxImports: 4 }), {
    code: 'too_many_imports',
  });
});

t.test('readCoreNames() sees the names that V8 sees', (t) => {
  const file = new URL(
    '../../node_modules/@bytecodealliance/jco-transpile/vendor/wasm-tools.core.wasm',
    import.meta.url,
  );
  const bytes = fs.readFileSync(file);
  const module = new WebAssembly.Module(bytes);
  const expected = [
    ...WebAssembly.Module.imports(module).flatMap(({ module, name }) => [module, name]),
    ...WebAssembly.Module.exports(module).map(({ name }) => name),
  ];
  const names = readCoreNames(bytes, 'core module 0', { base: 0, maxImports: 1000 });
  t.same(
    names.map(({ name }) => name),
    expected,
  );
  t.ok(expected.every(isSafeName));
  t.end();
});
