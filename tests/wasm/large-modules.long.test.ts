/** Real modules of several MB, from toolchains we do not control, through the rewriting and V8. */
import fs from 'node:fs';
import t from 'tap';
import { ByteWriter } from '../../host/wasm/byte-writer.ts';
import { rewriteCoreModule } from '../../host/wasm/rewrite-core-module.ts';

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
    // CPU time of this thread: other processes share the machine with the tests.
    const started = process.threadCpuUsage();
    const { bytes, contract } = rewriteCoreModule(original);
    const { user, system } = process.threadCpuUsage(started);
    const tookMs = Math.round((user + system) / 1000);
    t.ok(tookMs < 2000, `${original.length} bytes in ${tookMs} ms of CPU time`);
    const before = new WebAssembly.Module(original);
    const after = new WebAssembly.Module(bytes);
    const exports = WebAssembly.Module.exports(before);
    const kept = WebAssembly.Module.exports(after).slice(0, exports.length);
    t.same(kept, exports);
    const added = contract.memories.flatMap(({ importName, growName }) =>
      [importName, growName].filter((name) => name !== undefined),
    );
    t.ok(contract.checks);
    t.ok(contract.writes[0]?.mark, 'it keeps a low-water mark');
    t.same(
      WebAssembly.Module.imports(after)
        .slice(WebAssembly.Module.imports(before).length)
        .map(({ name }) => name)
        .toSorted(),
      [...added, 'epoch', 'expired', 'yield', 'nested'].toSorted(),
    );
    t.end();
  });
}

/** A module with a memory and one function: `code` so many times, and then a store. */
function moduleOf(code: readonly number[], times: number): Uint8Array {
  const body = new ByteWriter();
  const write = (writer: ByteWriter, bytes: readonly number[]): void => {
    for (const byte of bytes) writer.u8(byte);
  };
  write(body, [1, 1, 0x7f]);
  for (let left = times; left > 0; left -= 1) write(body, code);
  write(body, [0x20, 0, 0x41, 0, 0x36, 2, 0, 0x0b]);
  const bodies = new ByteWriter();
  bodies.u8(1);
  bodies.sized(body.view());
  const writer = new ByteWriter();
  write(writer, [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  write(writer, [1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 5, 3, 1, 0, 1, 10]);
  writer.sized(bodies.view());
  return writer.finish();
}

t.test('a body with a hundred thousand loops and assignments takes one pass', (t) => {
  // i32.const 5, local.set 0, loop, end
  const bytes = moduleOf([0x41, 5, 0x21, 0, 0x03, 0x40, 0x0b], 140_000);
  const started = process.threadCpuUsage();
  rewriteCoreModule(bytes);
  const { user, system } = process.threadCpuUsage(started);
  const tookMs = Math.round((user + system) / 1000);
  t.ok(tookMs < 2000, `${bytes.length} bytes in ${tookMs} ms of CPU time`);
  t.end();
});
