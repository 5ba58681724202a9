/**
 * The published package: packed, installed into an empty place as a user would, and run from there. What
 * only a checkout has (sources, development dependencies) must not be missed.
 */
import '../support/plain-spawn.ts';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const place = await realpath(await mkdtemp(join(tmpdir(), 'faas-package-')));
t.teardown(() => rm(place, { recursive: true, force: true }));

// tap's own options would follow into every process.
const { NODE_OPTIONS: _taps, ...environment } = process.env;

const packed = await pack();
await npm(['install', '--global', '--prefix', join(place, 'global'), packed.path]);
const faas = join(place, 'global', 'bin', 'faas');

t.test('the package holds what runs, and no sources of it', (t) => {
  const names = packed.files;
  for (const name of [
    'LICENSE',
    'README.md',
    'cli/faas.js',
    'dist/cli/main.js',
    'dist/host/deploy/prepare-child.js',
    'dist/host/registry/sqlite-worker.js',
    'components/files-rust/site/index.html',
  ]) {
    t.ok(names.includes(name), name);
  }
  t.same(
    names.filter((name) => name.endsWith('.ts') && !name.startsWith('sdk/')),
    [],
    'no TypeScript but that of the SDK, which projects build',
  );
  const foreign = names.filter((name) => name.endsWith('.wasm') && !name.startsWith('components/'));
  t.same(foreign, ['dist/adapters/wasi_snapshot_preview1.command.wasm'], 'one foreign module');
  t.ok(names.includes('dist/adapters/LICENSE'), 'with its licence');
  t.end();
});

t.test('the installed package serves on the Node that runs this test', async (t) => {
  await serveAndCall(t, process.execPath);
});

const olderNode = findOlderNode();
t.test(
  'the installed package serves on an older Node, by the one it brought along',
  { skip: olderNode === undefined ? 'there is no older Node on the PATH' : false },
  async (t) => {
    await serveAndCall(t, olderNode ?? '');
  },
);

/** Starts a host, deploys a component and a preview1 module with the `faas` of the package, and calls them. */
async function serveAndCall(t: Test, node: string): Promise<void> {
  const dataDir = t.testdir();
  const env = { ...environment, PATH: `${dirname(node)}${delimiter}${environment['PATH'] ?? ''}` };
  const flags = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--log-level', 'error'];
  const version = await run(faas, ['--version'], { env });
  t.equal(version.stdout.trim(), packed.version);

  const host = spawn(faas, ['serve', '--data-dir', dataDir, ...flags], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => host.kill('SIGKILL'));
  const ended = new Promise<number | null>((resolve) => host.once('exit', resolve));
  const [line = ''] = await firstLines(host.stdout);
  const [, data = '', admin = ''] = /^ready data=(\S+) admin=(\S+)$/.exec(line) ?? [];
  t.not(data, '', `printed "${line}"`);

  const components = join(place, 'global', 'lib', 'node_modules', 'wasi-faas', 'components');
  for (const name of ['hello-rust', 'upper-c']) {
    const file = join(components, `${name}.wasm`);
    await run(faas, ['deploy', file, '--admin', admin, '--data-dir', dataDir], { env });
  }
  const hello = await fetch(`${data}/hello-rust/`);
  t.same([hello.status, await hello.text()], [200, 'Hello from Rust\n']);
  const upper = await fetch(`${data}/upper-c/`, { method: 'POST', body: 'adapted' });
  t.same([upper.status, await upper.text()], [200, 'ADAPTED'], 'the preview1 adapter is there');

  host.kill('SIGTERM');
  t.equal(await ended, 0, 'it ends well');
}

async function firstLines(stream: NodeJS.ReadableStream): Promise<string[]> {
  for await (const line of createInterface({ input: stream })) return [line];
  return [];
}

async function pack(): Promise<{ path: string; version: string; files: string[] }> {
  // What the script `prepack` does, without its bootstrap: that could change the checkout under other tests.
  await run(process.execPath, [join(root, 'cli', 'prepack.js')], { env: environment });
  const text = await npm(['pack', '--ignore-scripts', '--json', '--pack-destination', place]);
  const [made] = JSON.parse(text) as {
    filename: string;
    version: string;
    files: { path: string }[];
  }[];
  if (made === undefined) throw new Error(`npm pack said: ${text}`);
  const files = made.files.map(({ path }) => path);
  return { path: join(place, made.filename), version: made.version, files };
}

/** Runs npm, which takes from its cache what `npm ci` has put there. */
async function npm(args: string[]): Promise<string> {
  const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
  const options = { cwd: root, env: environment, maxBuffer: 2 ** 24 };
  const { stdout } = await run('npm', [...args, ...flags], options);
  return stdout;
}

function findOlderNode(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders
    .filter((folder) => !folder.startsWith(root))
    .map((folder) => join(folder, 'node'))
    .filter((file) => existsSync(file))
    .find(
      (file) => Number(/^v(\d+)/.exec(execFileSync(file, ['-v'], { encoding: 'utf8' }))?.[1]) < 26,
    );
}
