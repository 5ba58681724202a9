import t from 'tap';
import { findStrays, HOMES } from './dependencies.ts';
import { codeOf, importedPackages, readSource, readSources } from './source-files.ts';

const host = readSources(['host'], ['.ts']);
const cli = readSources(['cli']);
const pure = readSources(['host/wasm', 'host/component'], ['.ts']);

/** Modules of Node that work in memory alone. */
const PURE = new Set(['node:buffer']);

/** Uses of the process that belong to whoever owns it. */
const PROCESS_OWNER =
  /\bprocess\.(?:exit|abort|exitCode|reallyExit)\b|\bprocess\.(?:on|once)\((?!'message')/;

t.test('the rules for dependencies find what breaks them', (t) => {
  const file = (path: string, ...packages: string[]): { path: string; text: string } => ({
    path,
    text: packages.map((name) => `import '${name}';`).join('\n'),
  });
  t.same(findStrays([file('host/http/a.ts', 'fastify', 'node:net')]), []);
  t.same(findStrays([file('host/invoke/a.ts', 'fastify')]), ['host/invoke/a.ts imports fastify']);
  t.same(findStrays([file('host/a/b.ts', 'left-pad')]), ['host/a/b.ts imports left-pad']);
  t.same(findStrays([file('host/http/a.ts', 'node:sqlite')]).length, 1);
  t.same(findStrays([file('host/deploy/a.ts', '@bytecodealliance/jco-transpile/component')]), []);
  for (const text of ['process.exit(1)', "process.on('SIGTERM', f)", 'process.exitCode = 1']) {
    t.match(text, PROCESS_OWNER);
  }
  t.notMatch("process.once('message', f)", PROCESS_OWNER);
  t.notMatch('process.env', PROCESS_OWNER);
  t.end();
});

t.test('packages are imported where they belong and nowhere else', (t) => {
  t.same(findStrays([...host, ...cli]), []);
  t.end();
});

t.test('every dependency is used, and every package that is used is a dependency', (t) => {
  const { dependencies } = JSON.parse(readSource('package.json').text) as {
    dependencies: Record<string, string>;
  };
  const used = new Set([...host, ...cli].flatMap(importedPackages));
  const packages = [...HOMES.keys()].filter((name) => !name.startsWith('node:'));
  t.same(packages.sort(), Object.keys(dependencies).sort());
  t.same(
    [...HOMES.keys()].filter((name) => !used.has(name)),
    [],
    'none is left over',
  );
  for (const [name, version] of Object.entries(dependencies)) {
    t.match(version, /^\d+\.\d+\.\d+$/, `${name} is pinned`);
  }
  t.end();
});

t.test('wasm/ and component/ do no input or output', (t) => {
  for (const file of pure) {
    const imported = importedPackages(file).filter((name) => !PURE.has(name));
    t.same(imported, [], `${file.path} imports nothing from outside`);
    t.notMatch(
      codeOf(file),
      /\bprocess\.|\bfetch\(|\bset(?:Timeout|Interval|Immediate)\(/,
      file.path,
    );
  }
  t.end();
});

t.test('wasm/ works on bytes and never touches WebAssembly', (t) => {
  for (const file of pure.filter(({ path }) => path.startsWith('host/wasm/'))) {
    t.notMatch(codeOf(file), /\bWebAssembly\s*[.[]|(?:typeof|in) WebAssembly\b/, file.path);
  }
  t.end();
});

t.test('only the entry of a process touches its signals and its end', (t) => {
  const owners = host.filter((file) => PROCESS_OWNER.test(codeOf(file))).map(({ path }) => path);
  t.same(owners, [
    'host/cluster/launcher-main.ts',
    'host/deploy/prepare-child.ts',
    'host/key-value/key-value-main.ts',
    'host/main.ts',
    'host/worker.ts',
  ]);
  t.end();
});

t.test('the command line knows the host by its admin API', (t) => {
  // Besides the host itself (`serve`): forms of addresses and paths, and what a component is, which `build` says
  // before there is a host.
  const allowed =
    /^\.\.\/(?:\.\.\/)?host\/(?:base\/|main\.ts$|storage\/default-data-directory\.ts$|config\/listen-address\.ts$|links\/unix-socket\.ts$|component\/(?:detect-binary|scan-component)\.ts$|deploy\/served-kind\.ts$|admin\/api\/view-schemas\.ts$)/;
  for (const file of cli) {
    // What the API answers is shared, as types and schemas; code is not.
    const values = codeOf(file).replaceAll(/^(?:import|export) type [^;]*;$/gm, '');
    const reached = [...values.matchAll(/from '(\.[^']*\/host\/[^']*)'/g)].map(([, to = '']) => to);
    t.same(
      reached.filter((to) => !allowed.test(to)),
      [],
      file.path,
    );
  }
  t.end();
});
