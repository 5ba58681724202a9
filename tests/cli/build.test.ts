import { chmod, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { EXIT } from '../../cli/exit-codes.ts';
import { checkTool } from '../../cli/build/toolchain.ts';
import { WatchedFiles } from '../../cli/build/watched-files.ts';
import { fakeProject, PATH_ONLY } from './fake-project.ts';
import { runFaas, runHere, type FaasRun } from './run-faas.ts';

const build = (folder: string, ...args: string[]): Promise<FaasRun> =>
  runHere(['build', folder, ...args], PATH_ONLY);

/** Changes a file later than anything before, however coarse the clock of the file system is. */
async function edit(folder: string, name: string, text: string): Promise<void> {
  const file = join(folder, name);
  await writeFile(file, text);
  const soon = Date.now() / 1000 + 60;
  await utimes(file, soon, soon);
}

t.test('build runs the command, passes its output on, and shows size and world', async (t) => {
  const cwd = fakeProject(t);
  const run = await runFaas(['build'], { cwd });
  t.equal(run.code, 0, run.stderr);
  t.equal(run.stderr, 'build node build.mjs\nbuilding hello-rust\n');
  t.match(run.stdout, /^hello is built\n {2}artifact +out.wasm\n {2}size +[\d.]+ KiB\n/);
  t.match(run.stdout, /^ {2}world +wasi:http\/proxy@0.2.12\n {2}exports +wasi:http@0.2.12 {2}inc/m);
  t.match(run.stdout, /^ {2}imports +wasi:io@0.2.12 {2}poll, error, streams$/m);
});

t.test('build does nothing until something that is watched has changed', async (t) => {
  const folder = fakeProject(t);
  const isBuilt = async (...args: string[]): Promise<boolean> => {
    const run = await build(folder, '--format', 'json', ...args);
    t.equal(run.code, 0, run.stderr);
    return (JSON.parse(run.stdout) as { built: boolean }).built;
  };
  t.equal(await isBuilt(), true);
  t.equal(await isBuilt(), false);
  t.match(await build(folder), { stderr: '', stdout: /^hello is up to date: nothing was run\n/ });
  t.equal(await isBuilt('--force'), true);
  await edit(folder, 'public/a.txt', 'not watched');
  t.equal(await isBuilt(), false);
  await edit(folder, 'src/which.txt', 'echo-rust');
  t.equal(await isBuilt(), true);
  await rm(join(folder, 'out.wasm'));
  t.equal(await isBuilt(), true, 'the artifact is gone');
});

t.test('what goes wrong in a build has a message and an exit code', async (t) => {
  const cases: readonly (readonly [
    which: string,
    settings: string,
    code: number,
    stderr: RegExp,
  ])[] = [
    ['fail', '', EXIT.buildFailed, /Cannot build "hello": "node build.mjs" ended with 3 \(build_f/],
    ['nothing', '', EXIT.buildFailed, /result of the build of "hello": "out.wasm" is not there/],
    ['just text', '', EXIT.buildFailed, /"out.wasm" is no WebAssembly: it is text/],
    ['kernels-rust', '', EXIT.wrongWorld, /exports neither wasi:http.* but bench:kernels/],
    [
      'hello-rust',
      'needs = ["node", "no-such-tool", "rust-target:wasm99"]',
      EXIT.toolchainMissing,
      /no-such-tool, rust-target:wasm99 are missing .*\n {2}fix: Install "no-such-tool" and put .*; .*"rustup target add wasm99"/,
    ],
    ['hello-rust', 'workdir = "no/such"', EXIT.buildFailed, /cannot run in ".*no\/such"/],
  ];
  for (const [which, settings, code, stderr] of cases) {
    const run = await build(fakeProject(t, { which, build: settings }));
    t.equal(run.code, code, which);
    t.match(run.stderr, stderr, which);
  }
  const empty = t.testdir({});
  t.match(await build(empty), {
    code: EXIT.manifestInvalid,
    stderr: /it has neither faas.toml nor spin.toml \(manifest_missing\)/,
  });
});

t.test('core modules are told apart from commands', async (t) => {
  // (module), and a module that exports an empty function as _start.
  const head = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const command = [1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 7, 10, 1, 6, ...Buffer.from('_start'), 0, 0];
  const code = [10, 4, 1, 2, 0, 0x0b];
  const dir = t.testdir({
    'faas.toml': 'name = "x"\nsource = "a.wasm"\n',
    'a.wasm': Buffer.from(head),
  });
  t.match(await build(dir), { code: EXIT.wrongWorld, stderr: /it exports no "_start"/ });
  await writeFile(join(dir, 'a.wasm'), Buffer.from([...head, ...command, ...code]));
  t.match(await build(dir), { code: 0, stdout: /world +WASI preview1 command\n/ });
});

t.test('tools are found on the PATH, in the project, and in what they belong to', async (t) => {
  const folder = t.testdir({
    bin: {
      tool: '#!/bin/sh\n',
      rustc: '#!/bin/sh\ndirname "$0"\n',
      lib: { rustlib: { 'wasm32-x': {} } },
    },
    node_modules: { '.bin': { local: '' }, '@scope': { package: {} } },
    below: {},
  });
  for (const name of ['tool', 'rustc']) await chmod(join(folder, 'bin', name), 0o755);
  const world = {
    environment: { PATH: `${join(folder, 'bin')}:/usr/bin:/bin` },
    folder: join(folder, 'below'),
  };
  for (const need of ['tool', 'local', 'npm:@scope/package', 'rust-target:wasm32-x']) {
    t.match(checkTool(need, world), { present: true, install: '' }, need);
  }
  const missing: readonly (readonly [need: string, install: RegExp])[] = [
    ['componentize-py', /pip install componentize-py/],
    ['npm:left-pad', /npm install --save-dev left-pad/],
    ['rust-target:wasm32-y', /rustup target add wasm32-y/],
    ['python:no_such_module_', /pip install no_such_module_/],
    ['strange:thing', /Install "strange:thing"/],
  ];
  for (const [need, install] of missing) {
    t.match(checkTool(need, world), { present: false, detail: '', install }, need);
  }
});

t.test('watched files are those of the patterns, and never what tools make', async (t) => {
  const folder = t.testdir({
    src: { deep: { 'a.rs': '' }, target: { 'b.rs': '' } },
    target: { 'x.wasm': '' },
  });
  const files = (watch?: string[]): WatchedFiles =>
    new WatchedFiles({
      file: 'faas.toml',
      folder,
      manifest: {
        name: 'x',
        source: 'src/out.wasm',
        build: { command: 'make', ...(watch === undefined ? {} : { watch }) },
      },
    });
  const cases: readonly (readonly [path: string, watch: string[] | undefined, counts: boolean])[] =
    [
      ['src/deep/a.rs', ['src/**'], true],
      ['src/deep/a.rs', ['src'], true],
      ['src/deep/a.rs', ['./src/'], true],
      ['src/deep/a.rs', ['src/*.rs'], false],
      ['src/deep/a.rs', undefined, true],
      ['src/out.wasm', undefined, false],
      ['src/target/b.rs', ['src/**'], false],
      ['srcs/a.rs', ['src'], false],
    ];
  for (const [path, watch, counts] of cases) {
    t.equal(files(watch).includes(join(folder, path)), counts, `${path} ${watch?.join() ?? ''}`);
  }
  t.match(await files().findNewer(0), /a\.rs$/);
  t.equal(await files().findNewer(Date.now() + 60_000), undefined);
  t.equal(await files(['no/such/**', 'none.txt']).findNewer(0), undefined);
  t.same(files(['../shared/**', 'src']).roots, [folder, join(folder, '../shared')]);
});
