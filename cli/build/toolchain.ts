/**
 * The tools that builds need: whether one is there, and how a person gets it. Manifests name them in `build.needs`;
 * `faas doctor` goes through those of all languages.
 *
 * A need is the name of a program, or `rust-target:TRIPLE`, `npm:PACKAGE`, `python:MODULE`, `wasi-libc`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findProgram } from './find-program.ts';

/** What decides whether a tool is there. */
export interface ToolWorld {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Folder of the project: packages of npm may be installed there or above. */
  readonly folder: string;
}

/** What was found of one need. */
export interface ToolCheck {
  readonly need: string;
  readonly present: boolean;
  /** Path or version for people; empty if it is missing. */
  readonly detail: string;
  /** How to install it. */
  readonly install: string;
}

/** How programs are installed that have no name of their own in a package registry. */
const INSTALL: Readonly<Record<string, string>> = {
  cargo: 'Install Rust from https://rustup.rs',
  rustc: 'Install Rust from https://rustup.rs',
  rustup: 'Install Rust from https://rustup.rs',
  go: 'Install Go 1.24 or newer from https://go.dev/dl',
  tinygo: 'Install TinyGo from https://tinygo.org/getting-started/install',
  python3:
    'Install Python 3.10 or newer: "apt install python3 python3-venv", or https://python.org',
  'componentize-py':
    'Run "pip install componentize-py" (in a virtual environment: "python3 -m venv .venv")',
  clang:
    'Run "apt install clang lld", "brew install llvm lld", or take https://github.com/WebAssembly/wasi-sdk',
  'wasm-ld': 'Run "apt install lld", or "brew install lld"',
  'wasi-libc':
    'Run "apt install wasi-libc libclang-rt-dev-wasm32", or set WASI_SDK_PATH to a https://github.com/WebAssembly/wasi-sdk',
  make: 'Run "apt install make", or "xcode-select --install"',
  node: 'Install Node 20 or newer from https://nodejs.org',
  npm: 'Install Node 20 or newer from https://nodejs.org, which brings npm',
  npx: 'Install Node 20 or newer from https://nodejs.org, which brings npx',
  jco: 'Run "npm install --save-dev @bytecodealliance/jco"',
  'wasm-tools': 'Run "cargo install wasm-tools"',
};

/** Folders in which Debian and the WASI SDK have the C library. */
const WASI_LIBC = ['/usr/include/wasm32-wasi', '/usr/lib/wasm32-wasi', '/opt/wasi-sdk'];
/** Least releases of programs whose older ones build something else, or nothing; they say theirs when asked so. */
const LEAST: Readonly<
  Record<string, { readonly args: readonly string[]; readonly least: string }>
> = {
  go: { args: ['version'], least: '1.24' },
  python3: { args: ['--version'], least: '3.10' },
};
/** Releases of LLD that link for WASI, the newest first. */
const LLD_RELEASES = Array.from({ length: 20 }, (_, index) => 30 - index);
/** Time for a tool to say something about itself. */
const ASK_MS = 10_000;

/** Looks for one tool. */
export function checkTool(need: string, world: ToolWorld): ToolCheck {
  const at = need.indexOf(':');
  const [kind, rest] = at < 0 ? ['program', need] : [need.slice(0, at), need.slice(at + 1)];
  const found = kind === 'program' ? lookFor(rest, world) : lookForPart(kind, rest, world);
  const install = found === undefined ? installText(need, kind, rest, world) : '';
  return { need, present: found !== undefined, detail: found ?? '', install };
}

function lookFor(name: string, world: ToolWorld): string | undefined {
  const { environment, folder } = world;
  if (name === 'wasm-ld') return findLinker(environment);
  if (name !== 'wasi-libc') {
    const found = findProgram(name, environment) ?? findInProject(folder, ['.bin', name]);
    return found === undefined || isTooOld(name, world) ? undefined : found;
  }
  const sdk = environment['WASI_SDK_PATH'];
  return [...(sdk === undefined ? [] : [sdk]), ...WASI_LIBC].find((path) => existsSync(path));
}

/** One that does not say its release is taken as it is. */
function isTooOld(name: string, world: ToolWorld): boolean {
  const known = LEAST[name];
  if (known === undefined) return false;
  // `go version go1.26.8 linux/amd64`, `Python 3.11.7`.
  const release = /(?:go| )(\d+\.\d+)/.exec(ask(name, known.args, world) ?? '')?.[1];
  if (release === undefined) return false;
  const [major = 0, minor = 0] = release.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = known.least.split('.').map(Number);
  return major < leastMajor || (major === leastMajor && minor < leastMinor);
}

/** Debian adds the release to the linker's name: `wasm-ld-19`. The newest is taken. */
function findLinker(environment: ToolWorld['environment']): string | undefined {
  const sdk = environment['WASI_SDK_PATH'];
  const inSdk = sdk === undefined ? undefined : join(sdk, 'bin', 'wasm-ld');
  if (inSdk !== undefined && existsSync(inSdk)) return inSdk;
  for (const suffix of ['', ...LLD_RELEASES.map((release) => `-${release}`)]) {
    const found = findProgram(`wasm-ld${suffix}`, environment);
    if (found !== undefined) return found;
  }
  return undefined;
}

function lookForPart(kind: string, name: string, world: ToolWorld): string | undefined {
  if (kind === 'npm') return findInProject(world.folder, name.split('/'));
  if (kind === 'rust-target') {
    const root = ask('rustc', ['--print', 'sysroot'], world);
    const path = join(root ?? '', 'lib', 'rustlib', name);
    return root !== undefined && existsSync(path) ? path : undefined;
  }
  if (kind === 'python') {
    const code = 'import importlib.util as u, sys; s = u.find_spec(sys.argv[1]); print(s.origin)';
    return ask('python3', ['-c', code, name], world);
  }
  return undefined;
}

/** Packages of npm stand in `node_modules` of a folder or of one above it. */
function findInProject(folder: string, parts: readonly string[]): string | undefined {
  const path = join(folder, 'node_modules', ...parts);
  if (existsSync(path)) return path;
  return dirname(folder) === folder ? undefined : findInProject(dirname(folder), parts);
}

/** The first line that a program prints; undefined if it is not there or fails. */
export function ask(
  program: string,
  args: readonly string[],
  { environment, folder }: ToolWorld,
): string | undefined {
  const path = findProgram(program, environment);
  if (path === undefined) return undefined;
  const options = { cwd: folder, env: environment, encoding: 'utf8', timeout: ASK_MS } as const;
  const { status, stdout } = spawnSync(path, args, {
    ...options,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return status === 0 ? stdout.split('\n')[0] : undefined;
}

function installText(need: string, kind: string, name: string, world: ToolWorld): string {
  const known = INSTALL[need];
  if (known !== undefined) return known;
  if (kind === 'npm')
    return `Run "npm install" in the project, or "npm install --save-dev ${name}"`;
  if (kind === 'python') return `Run "pip install ${name}"`;
  if (kind === 'rust-target') {
    const add = `Run "rustup target add ${name}"`;
    const hasRustup = findProgram('rustup', world.environment) !== undefined;
    return hasRustup
      ? add
      : `Install Rust from https://rustup.rs, then run "rustup target add ${name}"`;
  }
  return `Install "${need}" and put it on the PATH`;
}
