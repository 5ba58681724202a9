/**
 * Rebuilds the committed `.wasm` files of the examples and of the tests' guests.
 *
 *   node components/build.js            all of them
 *   node components/build.js NAME …     only these
 *
 * Plain JavaScript that runs on Node 18 and newer; the toolchains it needs are named when they are missing.
 * Paths of this machine are kept out of the bytes, so the same toolchain makes the same file everywhere.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const components = dirname(fileURLToPath(import.meta.url));
const root = dirname(components);
const cache = join(components, '.cache');

/** Every file that is built, how, and what must come out. */
const BUILDS = [
  { name: 'hello-rust', source: 'components/hello-rust', build: buildRust, kind: 'component' },
  { name: 'echo-rust', source: 'components/echo-rust', build: buildRust, kind: 'component' },
  { name: 'fetch-rust', source: 'components/fetch-rust', build: buildRust, kind: 'component' },
  { name: 'files-rust', source: 'components/files-rust', build: buildRust, kind: 'component' },
  { name: 'usage-rust', source: 'components/usage-rust', build: buildRust, kind: 'component' },
  { name: 'kv-rust', source: 'components/kv-rust', build: buildRust, kind: 'component' },
  { name: 'kernels-rust', source: 'components/kernels-rust', build: buildRust, kind: 'component' },
  { name: 'workloads-rust', source: 'components/workloads-rust', build: buildRust, kind: 'component' },
  { name: 'json-rust', source: 'components/json-rust', build: buildRust, kind: 'component' },
  { name: 'hello-p3-rust', source: 'components/hello-p3-rust', build: buildRust, kind: 'component' },
  { name: 'echo-p3-rust', source: 'components/echo-p3-rust', build: buildRust, kind: 'component' },
  { name: 'fetch-p3-rust', source: 'components/fetch-p3-rust', build: buildRust, kind: 'component' },
  { name: 'events-p3-rust', source: 'components/events-p3-rust', build: buildRust, kind: 'component' },
  { name: 'upper-c', source: 'components/upper-c', build: buildC, kind: 'core module' },
  { name: 'json-c', source: 'components/json-c', build: buildC, kind: 'core module' },
  { name: 'kv-draft', source: 'tests/guests/kv-draft', build: buildRust, kind: 'component' },
  { name: 'misbehave', source: 'tests/guests/misbehave', build: buildRust, kind: 'component' },
  { name: 'misbehave-p3', source: 'tests/guests/misbehave-p3', build: buildRust, kind: 'component' },
  { name: 'command-p3', source: 'tests/guests/command-p3', build: buildRust, kind: 'component' },
];

/** A reason to stop that a person can act on. */
class BuildError extends Error {}

try {
  for (const { name, source, build, kind } of chosen(process.argv.slice(2))) {
    const output = join(root, `${source}.wasm`);
    const built = build(name, join(root, source));
    const bytes = checkKind(name, built, kind);
    // Only now: whatever fails before leaves the committed file alone.
    copyFileSync(built, output);
    chmodSync(output, 0o644);
    process.stdout.write(`${relative(root, output)}: ${kind}, ${(bytes / 1024).toFixed(1)} KB\n`);
  }
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

function chosen(names) {
  const known = BUILDS.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new BuildError(`Cannot build "${unknown}": the names are ${known.join(', ')}`);
  }
  return BUILDS.filter(({ name }) => names.length === 0 || names.includes(name));
}

/** Returns the path of what cargo built. */
function buildRust(name, source) {
  const installed = 'install Rust from https://rustup.rs, then: rustup target add wasm32-wasip2';
  const sysroot = capture(name, 'rustc', ['--print', 'sysroot'], installed).trim();
  if (!existsSync(join(sysroot, 'lib', 'rustlib', 'wasm32-wasip2'))) {
    throw new BuildError(
      `Cannot build "${name}": Rust has no target wasm32-wasip2\n  ${installed}`,
    );
  }
  const target = join(cache, 'target');
  const remapped = [
    [source, name],
    [join(root, 'sdk'), 'sdk'],
    [process.env.CARGO_HOME ?? join(homedir(), '.cargo'), 'cargo'],
    [join(sysroot, 'lib', 'rustlib', 'src', 'rust'), 'rust'],
  ];
  const flags = remapped.map(([from, to]) => `--remap-path-prefix=${from}=${to}`);
  const args = ['build', '--locked', '--release', '--quiet', '--target', 'wasm32-wasip2'];
  run(name, 'cargo', args, installed, {
    cwd: source,
    env: {
      ...process.env,
      CARGO_TARGET_DIR: target,
      CARGO_ENCODED_RUSTFLAGS: flags.join('\u001f'),
    },
  });
  const built = join(target, 'wasm32-wasip2', 'release');
  const files = [`${name}.wasm`, `${name.replaceAll('-', '_')}.wasm`];
  const file = files.map((file) => join(built, file)).find((path) => existsSync(path));
  if (file === undefined) {
    throw new BuildError(`Cannot build "${name}": cargo left no ${files.join(' or ')} in ${built}`);
  }
  return file;
}

/** Returns the path of what clang built. */
function buildC(name, source) {
  const installed =
    'install clang, lld, wasi-libc and libclang-rt-dev-wasm32 (Debian: apt install clang lld wasi-libc libclang-rt-dev-wasm32), or name the clang of wasi-sdk in the variable WASI_CC';
  const linker = findOnPath('wasm-ld');
  if (linker === undefined && process.env.WASI_CC === undefined) {
    throw new BuildError(`Cannot build "${name}": no wasm-ld on the PATH\n  ${installed}`);
  }
  mkdirSync(cache, { recursive: true });
  const file = join(cache, `${name}.wasm`);
  rmSync(file, { force: true });
  const args = ['--target=wasm32-wasi', '-Os', '-Wall', '-Wextra', '-Werror', '-Wl,--strip-all'];
  if (process.env.WASI_CC === undefined) args.push(`-fuse-ld=${linker}`);
  const compiler = process.env.WASI_CC ?? 'clang';
  const sources = readdirSync(source).filter((file) => file.endsWith('.c'));
  args.push('-I', join(root, 'sdk', 'c'), '-o', file);
  run(name, compiler, [...args, ...sources], installed, { cwd: source });
  return file;
}

/** A program's path; Debian adds the release to the linker's name: `wasm-ld-19`. */
function findOnPath(program) {
  const names = [program];
  for (let release = 24; release >= 14; release -= 1) names.push(`${program}-${release}`);
  const folders = (process.env.PATH ?? '').split(process.platform === 'win32' ? ';' : ':');
  const paths = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find((path) => existsSync(path));
}

function run(name, program, args, installed, options) {
  const result = spawnSync(program, args, { ...options, stdio: ['ignore', 'inherit', 'inherit'] });
  checkResult(name, program, result, installed);
}

function capture(name, program, args, installed) {
  const result = spawnSync(program, args, { encoding: 'utf8' });
  checkResult(name, program, result, installed);
  return result.stdout;
}

function checkResult(name, program, result, installed) {
  if (result.error?.code === 'ENOENT') {
    throw new BuildError(`Cannot build "${name}": "${program}" is not installed\n  ${installed}`);
  }
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) {
    throw new BuildError(`Cannot build "${name}": ${program} failed with ${result.status}`);
  }
}

/** Tells a component from a core module by its header. Returns the size. */
function checkKind(name, file, kind) {
  const bytes = readFileSync(file);
  const header = { component: '0061736d0d000100', 'core module': '0061736d01000000' }[kind];
  if (bytes.toString('hex', 0, 8) !== header) {
    throw new BuildError(`Cannot use "${file}": "${name}" should be a ${kind} and is not`);
  }
  return bytes.length;
}
