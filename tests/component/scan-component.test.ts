import fs from 'node:fs';
import t from 'tap';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { HostError } from '../../host/base/errors.ts';
import { scanComponent } from '../../host/component/scan-component.ts';
import { isSafeName } from '../../host/wasm/core-names.ts';

/** Two core modules, a nested component with one more, aliases, arguments, a canonical function each way. */
const COMPONENT = `(component
  (import "wasi:cli/exit@0.2.3" (instance $exit (export "exit" (func (param "status" (result))))))
  (import "log" (func $log (param "code" u32)))
  (import "thing" (type $thing (sub resource)))
  (core module $main
    (import "host" "log" (func (param i32)))
    (memory (export "memory") 1)
    (func (export "run") (result i32) (i32.const 7)))
  (core func $log-lowered (canon lower (func $log)))
  (core instance $host (export "log" (func $log-lowered)))
  (core instance $main-instance (instantiate $main (with "host" (instance $host))))
  (core module $second (import "main" "memory" (memory 1)))
  (core instance (instantiate $second (with "main" (instance $main-instance))))
  (alias core export $main-instance "run" (core func $run))
  (func $lifted (result u32) (canon lift (core func $run)))
  (component $inner
    (import "inner-import" (func (result u32)))
    (core module (func (export "deep")))
    (component (core module (func (export "deeper")))))
  (instance $inner-instance (instantiate $inner (with "inner-import" (func $lifted))))
  (instance $group (export "grouped" (func $lifted)))
  (export "run" (func $lifted))
  (export "local:demo/api@1.0.0" (instance $group)))`;

t.test('scanComponent() lists imports and exports with their kinds', async (t) => {
  const scan = scanComponent(await parse(COMPONENT));
  t.same(scan.imports, [
    { name: 'wasi:cli/exit@0.2.3', kind: 'instance' },
    { name: 'log', kind: 'func' },
    { name: 'thing', kind: 'type' },
  ]);
  t.same(scan.exports, [
    { name: 'run', kind: 'func' },
    { name: 'local:demo/api@1.0.0', kind: 'instance' },
  ]);
});

t.test('scanComponent() finds every core module, nested ones too', async (t) => {
  const bytes = await parse(COMPONENT);
  const { modules } = scanComponent(bytes);
  t.same(
    modules.map(({ path }) => path),
    [
      'core module 0',
      'core module 1',
      'component 0 > core module 0',
      'component 0 > component 0 > core module 0',
    ],
  );
  for (const { bytes: module, offset } of modules) {
    t.ok(WebAssembly.validate(module));
    t.same(bytes.slice(offset, offset + module.length), module);
  }
});

t.test('scanComponent() gives every core name with its place', async (t) => {
  const { names } = scanComponent(await parse(COMPONENT));
  for (const expected of [
    { name: 'host', where: 'import 0 (module name) of core module 0' },
    { name: 'memory', where: 'export 0 of core module 0' },
    { name: 'host', where: 'core instantiation argument of the component' },
    { name: 'log', where: 'core instance export of the component' },
    { name: 'run', where: 'core alias of the component' },
    { name: 'inner-import', where: 'import of component 0' },
    { name: 'inner-import', where: 'instantiation argument of the component' },
    { name: 'grouped', where: 'export of the component' },
    { name: 'deeper', where: 'export 0 of component 0 > component 0 > core module 0' },
  ]) {
    t.ok(
      names.some(({ name, where }) => name === expected.name && where === expected.where),
      `${expected.name}: ${expected.where}`,
    );
  }
});

t.test('a hostile name is seen wherever it stands', async (t) => {
  const evil = "a'+(process.exit())+'b";
  const wats = [
    `(core module (func (export "${evil}")))`,
    `(core module (import "${evil}" "f" (func)))`,
    `(core module (import "m" "${evil}" (func)))`,
    `(core module $m) (core instance (instantiate $m (with "${evil}" (instance))))`,
    `(core module $m (func (export "${evil}"))) (core instance $i (instantiate $m))
      (alias core export $i "${evil}" (core func))`,
    `(core module $m (func (export "f"))) (core instance $i (instantiate $m))
      (core instance (export "${evil}" (func $i "f")))`,
    `(component (component (core module (func (export "${evil}")))))`,
    `(import "url=<${evil}>" (func))`,
  ];
  for (const wat of wats) {
    const { names } = scanComponent(await parse(`(component ${wat})`));
    const unsafe = names.filter(({ name }) => !isSafeName(name));
    t.ok(unsafe.length > 0 && unsafe.every(({ name }) => name.includes(evil)), wat);
  }
});

t.test('limits on sections, depth, imports and names have codes', async (t) => {
  const many = await parse(`(component ${'(core module)'.repeat(50)})`);
  t.equal(scanComponent(many, { maxSections: 50 }).modules.length, 50);
  t.throws(() => scanComponent(many, { maxSections: 49 }), {
    code: 'wasm_too_complex',
    message: /more than 49 sections/,
  });
  const deep = await parse(`${'(component '.repeat(34)}${')'.repeat(34)}`);
  t.throws(() => scanComponent(deep), { code: 'wasm_too_complex', message: /32 levels/ });
  t.ok(scanComponent(deep, { maxDepth: 33 }));
  const imports = Array.from({ length: 10_000 }, (_, index) => `(import "i${index}" (func))`);
  const importing = await parse(`(component ${imports.join(' ')})`);
  t.throws(() => scanComponent(importing), { code: 'too_many_imports' });
  const core = await parse(`(component (core module ${'(import "a" "b" (func))'.repeat(6000)}))`);
  t.throws(() => scanComponent(core), { code: 'too_many_imports', fields: { limit: 5000 } });
  t.throws(() => scanComponent(many, { maxNames: -1 }), { code: 'wasm_too_complex' });
});

t.test(
  'a component cut anywhere is malformed at an offset within it, or ends between sections',
  async (t) => {
    const bytes = await parse(COMPONENT);
    let refused = 0;
    for (let length = 0; length < bytes.length; length += 1) {
      try {
        scanComponent(bytes.slice(0, length));
      } catch (error) {
        refused += 1;
        const { code, fields } = error as { code: string; fields: { offset: number } };
        if (code !== 'malformed_wasm' || fields.offset > length)
          t.fail(`cut at ${length}: ${code}`);
      }
    }
    t.ok(refused > bytes.length * 0.9, `${refused} of ${bytes.length} refused`);
  },
);

t.test(
  'mutated components end in a scan or a coded error, never in another exception',
  async (t) => {
    const real = new URL('../../components/hello-rust.wasm', import.meta.url);
    const sources = [await parse(COMPONENT), fs.readFileSync(real)];
    const random = createRandom(20_261_120);
    const codes = new Map<string, number>();
    for (let round = 0; round < 4000; round += 1) {
      const source = sources[round % sources.length] ?? new Uint8Array();
      const bytes = mutate(source, random);
      let result = 'scanned';
      try {
        scanComponent(bytes);
      } catch (error) {
        result = error instanceof HostError ? error.code : `round ${round}: ${String(error)}`;
      }
      codes.set(result, (codes.get(result) ?? 0) + 1);
    }
    const other = [...codes.keys()].filter(
      (code) =>
        !/^(scanned|malformed_wasm|wasm_too_complex|too_many_imports|\w+_refused)$/.test(code),
    );
    t.same(other, []);
    t.ok((codes.get('malformed_wasm') ?? 0) > 500, `${codes.get('malformed_wasm')} malformed`);
    t.ok((codes.get('scanned') ?? 0) > 100, `${codes.get('scanned')} scanned`);
  },
);

/** Changes one to eight bytes, or cuts, doubles or moves a run. */
function mutate(source: Uint8Array, random: (below: number) => number): Uint8Array {
  const bytes = Uint8Array.from(source);
  const at = random(bytes.length);
  // Half of the changes hit the first kilobytes, where the structure is dense.
  const place = random(2) === 0 ? at : random(Math.min(bytes.length, 4096));
  switch (random(4)) {
    case 0:
      return bytes.slice(0, place);
    case 1:
      return new Uint8Array([
        ...bytes.subarray(0, place),
        ...bytes.subarray(place + 1 + random(16)),
      ]);
    case 2:
      bytes.copyWithin(place, at, at + random(64));
      return bytes;
    default:
      for (let count = 1 + random(8); count > 0; count -= 1) {
        bytes[(place + random(32)) % bytes.length] = random(256);
      }
      return bytes;
  }
}

/** A small seeded generator (mulberry32): the same mutations in every run. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
