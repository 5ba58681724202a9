/**
 * Builds a component of a JavaScript or TypeScript function: `node faas/build.js src/index.js build/NAME.wasm`.
 *
 * jco bundles the module with what it imports, and puts it into a component together with a JavaScript engine. A
 * default export with a function `fetch` is served by `faas.js`; a module without one has called `addEventListener('fetch')`.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const [entry = 'src/index.js', output = 'build/function.wasm'] = process.argv.slice(2);

const folder = dirname(resolve(output));
mkdirSync(folder, { recursive: true });
const wrapper = join(folder, 'entry.js');
writeFileSync(wrapper, wrap(specifier(resolve(entry)), specifier(join(here, 'faas.js'))));
try {
  const args = ['componentize', wrapper, '--wit', join(here, 'world.wit')];
  args.push('--world-name', 'function', '--bundle', '--out', resolve(output));
  const { status, error } = spawnSync(process.execPath, [findJco(), ...args], { stdio: 'inherit' });
  if (error !== undefined) throw error;
  process.exitCode = status ?? 1;
} finally {
  rmSync(wrapper, { force: true });
}

/** The module that the component starts with. A namespace import allows for a module without a default export. */
function wrap(application, sdk) {
  return `import * as module from ${application};
import { serve } from ${sdk};
const application = module['default'];
if (application !== undefined) serve(application);
`;
}

function specifier(path) {
  const name = relative(folder, path).replaceAll('\\', '/');
  return JSON.stringify(name.startsWith('.') ? name : `./${name}`);
}

function findJco() {
  try {
    const api = createRequire(resolve(entry)).resolve('@bytecodealliance/jco');
    return join(dirname(api), 'jco.js');
  } catch {
    process.stderr.write('Cannot build: @bytecodealliance/jco is not installed; run npm install\n');
    return process.exit(1);
  }
}
