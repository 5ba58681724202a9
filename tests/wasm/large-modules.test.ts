/** Real modules of several MB, from toolchains we do not control, through the rewriting and V8. */
import fs from 'node:fs';
import t from 'tap';
import { rewriteCoreModule } from '../../host/wasm/host-memory.ts';

const folder = new URL('../../node_modules/@bytecodealliance/', import.meta.url);
const files = [
  'jco-transpile/vendor/js-component-bindgen-component.core.wasm',
  'jco-transpile/vendor/wasm-tools.core.wasm',
  'jco/lib/wasi_snapshot_preview1.command.wasm',
  'componentize-js/lib/starlingmonkey_embedding.wasm',
  'componentize-js/lib/starlingmonkey_embedding.debug.wasm',
]
  .map((file) => new URL(file, folder).pathname)
  .filter((file) => fs.existsSync(file));

t.ok(files.length >= 3, 'there is something to rewrite');
for (const file of files) {
  t.test(`${file.slice(file.lastIndexOf('/') + 1)} compiles after the rewriting`, (t) => {
    const original = fs.readFileSync(file);
    const startedMs = performance.now();
    const { bytes, memories, rewritten } = rewriteCoreModule(original);
    const tookMs = performance.now() - startedMs;
    t.ok(tookMs < 2000, `${original.length} bytes in ${tookMs.toFixed(0)} ms`);
    const before = new WebAssembly.Module(original);
    const after = new WebAssembly.Module(bytes);
    t.same(WebAssembly.Module.exports(after), WebAssembly.Module.exports(before));
    const added = memories.flatMap(({ importName, growName }) =>
      [importName, growName].filter((name) => name !== undefined),
    );
    t.equal(rewritten, memories.length > 0);
    t.same(
      WebAssembly.Module.imports(after)
        .slice(WebAssembly.Module.imports(before).length)
        .map(({ name }) => name),
      added,
    );
    t.end();
  });
}
