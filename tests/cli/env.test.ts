import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openHarness, type AdminHarness } from '../admin/harness.ts';
import { runFaas, runHere, type FaasRun } from './run-faas.ts';

interface Deployed {
  readonly harness: AdminHarness;
  readonly environment: Readonly<Record<string, string>>;
  readonly faas: (...args: string[]) => Promise<FaasRun>;
}

async function deploy(t: Test): Promise<Deployed> {
  const harness = await openHarness(t, {}, join(t.testdir({}), 'data'));
  await harness.deploy('app', undefined, {
    environment: [['MODE', 'old']],
    secrets: [['key', 'a']],
  });
  const environment = { FAAS_ADMIN_URL: harness.url, FAAS_DATA_DIR: harness.dataDir };
  return { harness, environment, faas: (...args) => runHere(args, environment) };
}

t.test('faas env sets, lists and unsets, and a rollback brings back what was', async (t) => {
  const { harness, faas } = await deploy(t);
  const secret = 'hunter2-and-more';
  const set = await faas(
    'env',
    'set',
    'app',
    'MODE=a=b',
    'NEW=',
    '--config-var',
    'c=1',
    '--secret',
    `key=${secret}`,
  );
  t.match(set, { code: 0, stdout: 'app version 2 is live\n', stderr: '' });
  const live = (): unknown =>
    harness.registry.snapshot.functions.get('app' as never)?.live.settings;
  t.match(live(), {
    environment: [
      ['MODE', 'a=b'],
      ['NEW', ''],
    ],
    config: [['c', '1']],
    secrets: [['key', secret]],
  });
  const listed = await faas('env', 'list', 'app');
  t.match(listed, {
    code: 0,
    stdout: 'NAME  KIND\nMODE  environment\nNEW   environment\nc     config\nkey   secret\n',
  });
  const json = await faas('env', 'ls', 'app', '--format', 'json');
  t.same(JSON.parse(json.stdout).at(-1), { name: 'key', kind: 'secret' });
  const unset = await faas('env', 'unset', 'app', 'NEW', '--config-var', 'c', '--format', 'json');
  t.match(JSON.parse(unset.stdout), {
    result: 'created',
    version: { version: 3, environment: ['MODE'] },
  });
  t.match(await faas('env', 'set', 'app', 'MODE=a=b'), {
    code: 0,
    stdout: 'app version 3 is live already: nothing has changed\n',
  });
  for (const { stdout, stderr } of [set, listed, json, unset]) t.notMatch(stdout + stderr, secret);
  t.equal((await faas('rollback', 'app', '--to', '1')).code, 0);
  t.match(live(), { environment: [['MODE', 'old']], config: [], secrets: [['key', 'a']] });
});

t.test('the value of a secret is read from stdin', async (t) => {
  const { harness, environment } = await deploy(t);
  const args = ['env', 'set', 'app', '--secret', 'key'];
  t.match(await runFaas(args, { environment, input: 'from stdin\n' }), { code: 0 });
  const { live } = harness.registry.snapshot.functions.get('app' as never) ?? {};
  t.same(live?.settings.secrets, [['key', 'from stdin']]);
});

t.test('wrong use is told, without values', async (t) => {
  const { faas } = await deploy(t);
  const cases: readonly (readonly [args: readonly string[], code: number, stderr: RegExp])[] = [
    [['set', 'app'], 2, /nothing is named/],
    [['unset', 'app'], 2, /nothing is named/],
    [['set', 'app', 'MODE'], 2, /Cannot use variable "MODE": it is not NAME=VALUE/],
    [['set', 'app', '--secret', '=hunter2'], 2, /Cannot use --secret "…"/],
    [['set', 'app', '--secret', 'a', '--secret', 'b'], 2, /only one value/],
    [['set', 'App', 'A=1'], 2, /Cannot use the name/],
    [['set', 'nope', 'A=1'], 4, /unknown_function/],
    [['unset', 'app', 'NOPE'], 4, /Cannot unset "NOPE" of "app": it has no environment variable/],
    [['unset', 'app', '--secret', 'MODE'], 4, /it has no secret of that name/],
  ];
  for (const [args, code, stderr] of cases) {
    const run = await faas('env', ...args);
    t.match(run, { code, stdout: '', stderr }, args.join(' '));
    t.notMatch(run.stderr, 'hunter2');
  }
});
