/**
 * Runs one WASI program to its end, in a process of its own: `run-program.ts untouched|rewritten|yielding FILE ARGUMENT …`.
 * Standard streams and exit code are the program's; `yielding` suspends it at every hundredth check.
 */
import { readFileSync } from 'node:fs';
import { WASI } from 'node:wasi';
import { rewriteCoreModule } from '../../../host/wasm/rewrite-core-module.ts';
import { RewrittenHost } from './rewritten-host.ts';

const [mode = '', file = '', ...args] = process.argv.slice(2);
const wasi = new WASI({ version: 'preview1', args: [file, ...args], env: {}, returnOnExit: false });
const imports = wasi.getImportObject() as WebAssembly.Imports;
const bytes = readFileSync(file);

if (mode === 'untouched') {
  const instance = await WebAssembly.instantiate(new WebAssembly.Module(bytes), imports);
  process.exitCode = wasi.start(instance);
} else {
  // The programs of a test suite are larger than what is deployed: their functions are, too.
  const { bytes: rewritten, contract } = rewriteCoreModule(bytes, { maxFunctionBytes: 2 ** 24 });
  const module = new WebAssembly.Module(Uint8Array.from(rewritten));
  const isYielding = mode === 'yielding';
  const host = new RewrittenHost(isYielding ? { everyChecks: 100 } : 'still');
  const { exports } = host.instantiate(module, contract, imports);
  await start(exports, isYielding);
  if (isYielding) process.stderr.write(`checks ${JSON.stringify(host.counts)}\n`);
}

/** As `wasi.start` does, which takes nothing but what V8 has made, and starts it in one go. */
async function start(
  exports: Readonly<Record<string, WebAssembly.ExportValue>>,
  isYielding: boolean,
): Promise<void> {
  const { _start, memory } = exports;
  wasi.finalizeBindings({ exports } as never, { memory: memory as never });
  if (typeof _start !== 'function') throw new TypeError('it is no command');
  const run = isYielding ? WebAssembly.promising(_start as never) : _start;
  await run();
}
