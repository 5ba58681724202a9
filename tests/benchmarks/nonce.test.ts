import { readFileSync } from 'node:fs';
import t from 'tap';
import { withNonce } from '../../benchmarks/kit/nonce.ts';
import { scanComponent } from '../../host/component/scan-component.ts';
import { transpile } from '../../host/deploy/transpile.ts';
import { servedKindOf } from '../../host/deploy/served-kind.ts';
import { checkImports } from '../../host/deploy/check-imports.ts';
import { rewriteCoreModule } from '../../host/wasm/rewrite-core-module.ts';
import { wasiInterfaces } from '../../host/wasi/interfaces.ts';

const load = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../components/${name}.wasm`, import.meta.url)));

t.test('a core module with a nonce is valid, and each copy has bytes of its own', async (t) => {
  const original = load('upper-c');
  const first = withNonce(original);
  const second = withNonce(original);
  t.ok(WebAssembly.validate(first as Uint8Array<ArrayBuffer>));
  t.notSame(first, second);
  t.same(first.subarray(0, original.length), original, 'nothing of it has changed');
});

t.test('a component with a nonce is scanned like the original', async (t) => {
  const original = load('hello-rust');
  const rules = { maxImports: 2000 };
  const before = scanComponent(original, rules);
  const after = scanComponent(withNonce(original), rules);
  t.same(after.imports, before.imports);
  t.same(after.exports, before.exports);
  t.equal(after.modules.length, before.modules.length);
});

t.test('what deploy makes of it differs in every core module, and compiles', async (t) => {
  const original = load('hello-rust');
  const [first, second] = [await coresOf(withNonce(original)), await coresOf(withNonce(original))];
  t.ok(first.length > 1);
  t.equal(second.length, first.length);
  for (const [index, core] of first.entries()) {
    t.ok(WebAssembly.validate(core));
    t.notSame(core, second[index], `core module ${index}`);
  }
});

t.test('bytes that are no WebAssembly are refused', async (t) => {
  t.throws(() => withNonce(new TextEncoder().encode('#!/bin/sh')), { code: 'not_wasm' });
});

async function coresOf(component: Uint8Array): Promise<Uint8Array<ArrayBuffer>[]> {
  const scan = scanComponent(component, { maxImports: 2000 });
  const imports = checkImports(scan.imports, wasiInterfaces);
  const served = servedKindOf(scan.exports.map(({ name }) => name));
  const { cores } = await transpile(component, imports, served);
  return cores.map(({ bytes }) => rewriteCoreModule(bytes).bytes as Uint8Array<ArrayBuffer>);
}
