/** Every kind of bad input in one table: a message that says what is wrong, and an exit code of its own. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { EXIT } from '../../cli/exit-codes.ts';
import { openHarness, WASM } from '../admin/harness.ts';
import { checkOutput } from './check-output.ts';
import { fakeProject, PATH_ONLY } from './fake-project.ts';
import { runHere } from './run-faas.ts';

interface Place {
  /** URL and token of a host on which `app` has the route `api.example.com/*`. */
  readonly host: readonly string[];
  /** A component. */
  readonly file: string;
  readonly folder: string;
}

/** What is wrong, what is run, what it ends with, what it says. */
type Case = readonly [
  what: string,
  args: (t: Test, place: Place) => readonly string[] | Promise<readonly string[]>,
  code: number,
  stderr: RegExp,
];

const CASES: readonly Case[] = [
  [
    'a missing toolchain',
    (t) => ['build', fakeProject(t, { build: 'needs = ["no-such-tool"]' })],
    EXIT.toolchainMissing,
    /no-such-tool is missing .*toolchain_missing\)\n {2}fix: Install "no-such-tool"/,
  ],
  [
    'a component of a wrong world',
    (t) => ['build', fakeProject(t, { which: 'kernels-rust' })],
    EXIT.wrongWorld,
    /exports neither wasi:http.*\(unknown_world\)/,
  ],
  [
    'a syntax error in the source',
    (t) => ['build', fakeProject(t, { which: 'fail' })],
    EXIT.buildFailed,
    /Cannot build "hello": "node build.mjs" ended with 3 \(build_failed\)/,
  ],
  [
    'a manifest with an unknown key',
    (t) => ['deploy', fakeProject(t, { end: '[limits]\nmemori = "64MiB"' })],
    EXIT.manifestInvalid,
    /Cannot use the key "limits.memori" at .*:\d+:\d+: .*\n {2}fix: Write "limits.memory"/,
  ],
  [
    'a manifest with a wrong unit',
    (t) => ['deploy', fakeProject(t, { end: '[limits]\nmemory = "64 parsecs"' })],
    EXIT.manifestInvalid,
    /Cannot use "limits.memory" at .*:\d+:\d+: it must be a size with its unit like "64MiB"/,
  ],
  [
    'a manifest that is no TOML',
    (t) => ['deploy', fakeProject(t, { end: '[limits' })],
    EXIT.manifestInvalid,
    /manifest_syntax/,
  ],
  [
    'a folder that is taken',
    (t) => ['new', 'x', '-t', 'rust', '--dir', t.testdir({ x: { 'a.txt': '' } }) + '/x'],
    EXIT.taken,
    /\(project_exists\)/,
  ],
  [
    'a route that is taken',
    (_, { host, file }) => ['deploy', file, '--name', 'b', '--route', 'api.example.com/*', ...host],
    EXIT.taken,
    /it leads to the function "app" \(route_taken\)/,
  ],
  [
    'a name of a token that is taken',
    (_, { host }) => ['token', 'create', 'admin', ...host],
    EXIT.taken,
    /\(token_exists\)/,
  ],
  [
    'a host that is not there',
    () => ['list', '--admin', '127.0.0.1:1', '--token', 'x'],
    EXIT.unreachable,
    /nothing listens there \(host_unreachable\)\n {2}fix: Start it with "faas serve"/,
  ],
  [
    'a wrong token',
    (_, { host }) => ['list', ...host, '--token', 'faas_wrong'],
    EXIT.unauthorised,
    /Cannot use the admin API: .* \(unauthorized\)/,
  ],
  [
    'no token',
    (t) => ['list', '--admin', '127.0.0.1:1', '--data-dir', t.testdir({})],
    EXIT.unauthorised,
    /\(token_missing\)/,
  ],
  [
    'a host of another release',
    async (t) => ['list', '--admin', await openOldHost(t), '--token', 'x'],
    EXIT.versionSkew,
    /\(version_skew\)/,
  ],
  [
    'no such function',
    (_, { host }) => ['describe', 'ap', ...host],
    EXIT.notFound,
    /Cannot find the function "ap".*\n {2}fix: See what is deployed/,
  ],
  [
    'what the host refuses',
    (_, { host, folder }) => ['deploy', join(folder, 'text.wasm'), ...host],
    EXIT.refused,
    /\(not_wasm\)/,
  ],
  [
    'a function that fails',
    (_, { host }) => ['invoke', 'app', '/fail', ...host],
    EXIT.functionFailed,
    /trapped: unreachable/,
  ],
  [
    'an unknown flag',
    () => ['list', '--no-such'],
    EXIT.usage,
    /unknown option '--no-such' \(usage\)/,
  ],
];

t.test('bad input ends with a message and a code that says of which kind it is', async (t) => {
  const folder = t.testdir({ 'app.wasm': WASM, 'text.wasm': 'hello' });
  const harness = await openHarness(t, {}, join(folder, 'data'));
  await harness.deploy('app', WASM, { routes: ['api.example.com/*'] });
  const host = ['--admin', harness.url, '--token', harness.token];
  const place: Place = { host, file: join(folder, 'app.wasm'), folder };
  for (const [what, args, code, stderr] of CASES) {
    await t.test(what, async (t) => {
      const words = await args(t, place);
      const run = await runHere(words, PATH_ONLY);
      t.equal(run.code, code);
      t.match(run.stderr, stderr);
      t.notMatch(run.stderr, /^ {4}at /m, 'no stack trace of ours');
      // An invocation that failed is a result.
      if (code === EXIT.functionFailed) return;
      t.equal(run.stdout, '');
      const asJson = await runHere([...words, '--format', 'json'], PATH_ONLY);
      const told: unknown = JSON.parse(asJson.stderr.trimEnd().split('\n').at(-1) ?? '');
      t.doesNotThrow(() => checkOutput('error', told));
      t.match(told, { error: { exitCode: code } });
    });
  }
});

t.test('kinds have codes of their own', (t) => {
  const kinds = new Map(CASES.map(([, , code]) => [code, true]));
  const { ok, unexpected, interrupted, ...bad } = EXIT;
  t.same([...kinds.keys()].sort(byNumber), Object.values(bad).sort(byNumber), 'each has a case');
  t.equal(new Set(Object.values(EXIT)).size, Object.keys(EXIT).length, 'none is used twice');
  t.same([ok, unexpected, interrupted], [0, 1, 130]);
  t.end();
});

function byNumber(a: number, b: number): number {
  return a - b;
}

/** A host that says that it is of release 1. */
async function openOldHost(t: Test): Promise<string> {
  const server = createServer((_, response) => response.end('{"version":"1.2.3"}'));
  t.teardown(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
