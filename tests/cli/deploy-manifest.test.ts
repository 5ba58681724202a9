import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { EXIT } from '../../cli/exit-codes.ts';
import { openHarness, WASM, type AdminHarness } from '../admin/harness.ts';
import { fakeProject, PATH_ONLY } from './fake-project.ts';
import { runFaas, runHere, type FaasRun } from './run-faas.ts';

interface World extends AdminHarness {
  readonly environment: Readonly<Record<string, string>>;
  faas(...args: string[]): Promise<FaasRun>;
}

async function openWorld(t: Test, variables: Record<string, string> = {}): Promise<World> {
  const harness = await openHarness(t, {}, join(t.testdirName, 'data'));
  const environment = {
    ...PATH_ONLY,
    ...variables,
    FAAS_ADMIN_URL: harness.url,
    FAAS_DATA_DIR: harness.dataDir,
  };
  return { ...harness, environment, faas: (...args) => runHere(args, environment) };
}

t.test('deploy builds what the manifest of its folder names, and deploys it', async (t) => {
  const cwd = fakeProject(t, {
    top: 'routes = ["/hi/*"]\nkey_value = ["default"]',
    end: '[limits]\nmemory = "2MiB"\n[secrets]\nKEY = { env = "MY_KEY" }\n[[directories]]\nsource = "public"\npath = "/public"',
  });
  const { environment, faas } = await openWorld(t, { MY_KEY: 'hidden' });
  const run = await runFaas(['deploy'], { environment, cwd });
  t.equal(run.code, 0, run.stderr);
  t.match(run.stderr, /^build node build.mjs\nbuilding hello-rust\nupload .* in 2 files\n/);
  t.match(run.stdout, /^hello version 1 is live\n/);
  const described = await faas('describe', 'hello', '--format', 'json');
  t.match(JSON.parse(described.stdout), {
    routes: [{ host: '*', path: '/hi/*' }],
    live: {
      limits: { memoryBytes: 2_097_152 },
      secrets: ['KEY'],
      keyValue: [{ label: 'default' }],
      directories: ['/public'],
      files: { count: 1 },
    },
  });
  t.notMatch(described.stdout, 'hidden');
  const again = await faas('deploy', cwd);
  t.match(again, { code: 0, stdout: /is live already: nothing has changed/ });
  t.notMatch(again.stderr, 'building', 'and nothing is built');
});

t.test('flags come on top, --build and --no-build say whether to build', async (t) => {
  const folder = fakeProject(t);
  const { faas } = await openWorld(t);
  t.match(await faas('deploy', folder, '--no-build'), {
    code: EXIT.usage,
    stderr: /Cannot read ".*out.wasm": it does not exist/,
  });
  const file = join(folder, 'faas.toml');
  const args = ['-f', file, '--name', 'other', '--memory', '3MiB', '--format', 'json'];
  t.match(JSON.parse((await faas('deploy', ...args)).stdout), {
    result: 'created',
    version: { function: 'other', limits: { memoryBytes: 3_145_728 } },
  });
  t.match(await faas('deploy', folder, '--build'), { code: 0, stderr: /^build node build.mjs\n/ });
  t.match(await faas('deploy', folder, '-f', file), {
    code: EXIT.usage,
    stderr: /Cannot use --file ".*faas.toml": ".*project" is named already/,
  });
  t.match(await faas('deploy', join(folder, 'out.wasm'), '--build'), {
    code: EXIT.usage,
    stderr: /Cannot use --build ".*out.wasm": nothing says how to build it/,
  });
});

t.test('a manifest that cannot be used deploys nothing', async (t) => {
  const folder = fakeProject(t, { end: '[secrets]\nKEY = { env = "NOT_SET" }' });
  const { faas } = await openWorld(t);
  t.match(await faas('deploy', folder), {
    code: EXIT.usage,
    stderr: /value of "KEY": the environment variable "NOT_SET" is not set/,
  });
  await writeFile(join(folder, 'src/which.txt'), 'fail');
  const run = await faas('deploy', folder, '--secret', 'KEY=x');
  t.match(run, { code: EXIT.buildFailed, stderr: /ended with 3/ });
  t.equal((await faas('list', '--format', 'json')).stdout, '[]\n');
});

t.test('a route that leads elsewhere ends with 12, a stranger release with 13', async (t) => {
  const folder = fakeProject(t, { top: 'routes = ["/hi/*"]' });
  const { faas, deploy, environment } = await openWorld(t);
  await deploy('owner', WASM, { routes: ['/hi/*'] });
  t.match(await faas('deploy', folder), {
    code: EXIT.taken,
    stderr: /leads to the function "owner"/,
  });
  const at = (version: string): Promise<FaasRun> => runHere(['list'], environment, version);
  t.match(await at('1.0.0'), {
    code: EXIT.versionSkew,
    stdout: '',
    stderr: /it is of release 0.0.0-test, and this command of 1.0.0 \(version_skew\)/,
  });
  t.match(await at('0.1.0'), { code: 0, stderr: '' });
});
