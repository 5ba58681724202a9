/**
 * Makes `dist/`, which the published package runs from: the compiled host and CLI, and the preview1 adapter.
 * Plain JavaScript, run by `npm pack` through the script `prepack`; a checkout never needs it.
 *
 * Node strips no types below `node_modules`, hence the compiling. The adapter is copied here because in a
 * checkout it lies in jco, a development dependency that whoever installs the package does not get.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNode } from './find-node.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
// A checkout has its dependencies here: `prepack` has run the bootstrap.
const modules = join(root, 'node_modules');
const require = createRequire(import.meta.url);

/** The only foreign WebAssembly in the package. */
const ADAPTER = 'wasi_snapshot_preview1.command.wasm';

rmSync(dist, { recursive: true, force: true });
compile();
copyAdapter();

function compile() {
  // The checks of tsconfig.json with another scope and an output; apart from it, so that it stays about checking.
  const config = join(dist, 'tsconfig.json');
  mkdirSync(dist, { recursive: true });
  writeFileSync(
    config,
    JSON.stringify({
      extends: '../tsconfig.json',
      compilerOptions: {
        noEmit: false,
        rootDir: '..',
        outDir: '.',
        allowJs: false,
        rewriteRelativeImportExtensions: true,
      },
      include: ['../host/**/*.ts', '../cli/**/*.ts'],
    }),
  );
  const tsc = join(modules, 'typescript', require('typescript/package.json').bin.tsc);
  const { status } = spawnSync(findNode() ?? process.execPath, [tsc, '-p', config], {
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) {
    process.stderr.write('Cannot compile the package: see the errors above\n');
    process.exit(status ?? 1);
  }
  rmSync(config);
}

function copyAdapter() {
  const jco = join(modules, '@bytecodealliance', 'jco');
  const { name, version, license } = require(join(jco, 'package.json'));
  const adapters = join(dist, 'adapters');
  mkdirSync(adapters, { recursive: true });
  copyFileSync(join(jco, 'lib', ADAPTER), join(adapters, ADAPTER));
  // jco's package carries no licence text; that of its transpiler, from the same repository, is the same.
  copyFileSync(join(`${jco}-transpile`, 'LICENSE'), join(adapters, 'LICENSE'));
  const sha256 = createHash('sha256')
    .update(readFileSync(join(adapters, ADAPTER)))
    .digest('hex');
  writeFileSync(
    join(adapters, 'README.md'),
    `# ${ADAPTER}

Turns a WASI preview1 command into a component. Built by the Bytecode Alliance from Wasmtime
(crates/wasi-preview1-component-adapter), copied unchanged from the npm package ${name} ${version}.

Licence: ${license}, see LICENSE beside this file.
SHA-256: ${sha256}
`,
  );
}
