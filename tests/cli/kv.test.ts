import { join } from 'node:path';
import t from 'tap';
import { openHarness } from '../admin/harness.ts';
import { runFaas, runHere, type FaasRun } from './run-faas.ts';

t.test('faas kv sets, gets, lists and deletes', async (t) => {
  const dir = t.testdir({ file: 'from a file' });
  const harness = await openHarness(t, {}, join(dir, 'data'));
  const environment = { FAAS_ADMIN_URL: harness.url, FAAS_DATA_DIR: harness.dataDir };
  const kv = (...args: string[]): Promise<FaasRun> => runHere(['kv', ...args], environment);
  await harness.deploy('app');
  t.match(await kv('set', 'app', 'a', 'text', '--ttl', '1h', '--metadata', 'm'), {
    code: 0,
    stdout: '',
  });
  t.match(await kv('get', 'app', 'a'), { code: 0, stdout: 'text' });
  t.equal((await kv('set', 'app', 'f', `@${join(dir, 'file')}`)).code, 0);
  t.equal((await kv('get', 'app', 'f')).stdout, 'from a file');
  const piped = ['kv', 'set', '@all', 'bytes', '-'];
  t.equal((await runFaas(piped, { environment, input: Buffer.from([0, 255, 10]) })).code, 0);
  t.match(JSON.parse((await kv('get', '@all', 'bytes', '--format', 'json')).stdout), {
    valueBase64: 'AP8K',
  });
  const listed = await kv('list', 'app');
  t.match(
    listed.stdout,
    /^KEY +SIZE +EXPIRES +METADATA\na +4 B +20\d\d-\S+Z +m\nf +11 B +never\n$/,
  );
  t.match(await kv('ls', 'app', '--limit', '1'), { stdout: /\na /, stderr: /--limit/ });
  t.same(JSON.parse((await kv('list', 'app', '--prefix', 'f', '--format', 'json')).stdout), [
    { key: 'f', size: 11 },
  ]);
  t.equal((await kv('delete', 'app', 'a')).code, 0);
  t.match(await kv('get', 'app', 'a'), { code: 4, stderr: /the store "app" does not have it/ });
  t.match(await kv('get', 'nope', 'a'), { code: 4, stderr: /unknown_function/ });
  t.match(await kv('get', 'app/a/b', 'a'), { code: 3, stderr: /invalid_store/ });
  t.match(await kv('set', 'app', 'a', '@/nowhere'), { code: 2, stderr: /file_unreadable/ });
  t.match(await kv('set', 'app', 'a', 'v', '--ttl', 'soon'), { code: 2 });
  t.match(await kv('set', 'app', 'a'), { code: 2 });
});

t.test('many keys are listed over several pages', async (t) => {
  const harness = await openHarness(t);
  const environment = { FAAS_ADMIN_URL: harness.url, FAAS_DATA_DIR: harness.dataDir };
  await harness.deploy('app');
  const store = harness.keyValue.open('default/function/app/default');
  const names = Array.from({ length: 1500 }, (_, index) => `k${String(index).padStart(4, '0')}`);
  const writes = names.map((key) => ({ key, value: Buffer.from('v') }));
  await store.set(writes.slice(0, 1000));
  await store.set(writes.slice(1000));
  const args = ['kv', 'list', 'app', '--limit', '1400', '--format', 'json'];
  const keys = JSON.parse((await runHere(args, environment)).stdout) as { key: string }[];
  t.same(
    keys.map(({ key }) => key),
    names.slice(0, 1400),
  );
});

t.test('deploy takes configuration, secrets and stores, and shows names alone', async (t) => {
  const dir = t.testdir({ 'app.wasm': Buffer.from('\0asm\x0d\0\x01\0 a component', 'latin1') });
  const harness = await openHarness(t, {}, join(dir, 'data'));
  const environment = { FAAS_ADMIN_URL: harness.url, FAAS_DATA_DIR: harness.dataDir };
  const faas = (...args: string[]): Promise<FaasRun> => runHere(args, environment);
  const deploy = (flags: string, ...more: string[]): Promise<FaasRun> =>
    faas('deploy', join(dir, 'app.wasm'), ...flags.split(' '), ...more);
  const secret = 'hunter2-and-more';
  const outputs: FaasRun[] = [
    await deploy(
      '--config-var GREETING=hi=there --key-value default --key-value cache=all --secret',
      `KEY=${secret}`,
    ),
  ];
  t.equal(outputs[0]?.code, 0);
  const { settings } = harness.registry.snapshot.functions.values().next().value?.live ?? {};
  t.match(settings, {
    config: [['GREETING', 'hi=there']],
    secrets: [['KEY', secret]],
    keyValue: [{ label: 'default' }, { label: 'cache', shared: 'all' }],
  });
  outputs.push(await faas('describe', 'app'));
  t.match(
    outputs[1]?.stdout,
    /config +GREETING\n +secrets +KEY\n +key-value stores +default, cache \(@all\)/,
  );
  outputs.push(
    await faas('describe', 'app', '--format', 'json'),
    await faas('list', '--format', 'json'),
    await faas('versions', 'app', '--format', 'json'),
    await deploy('--secret', `=${secret}`),
    await deploy('--secret', secret),
    await deploy('--secrets', `KEY=${secret}`),
    await deploy('--secret', `KEY=${secret}\0`),
    await deploy('--secret', `KEY=${secret}`, '--secret', `KEY=${secret}`),
  );
  for (const { stdout, stderr, code } of outputs) {
    t.notMatch(stdout + stderr, secret, `exit code ${code}`);
  }
  t.match(
    outputs.slice(-5).map(({ code }) => code),
    [2, 2, 2, 3, 3],
  );
});
