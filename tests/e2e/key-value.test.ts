/** A function with a store, configuration, secrets and a log, as its users meet it; and a driver that is killed. */
import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import type { Settings } from './host-client.ts';
import { example } from '../guests/guests.ts';
import { runHere, type FaasRun } from '../cli/run-faas.ts';
import { shortFolder } from '../admin/short-folder.ts';
import { startHostProcess, type HostProcess } from './host-process.ts';

const SECRET = 'hunter2-is-nobody-elses-business';
const SETTINGS: Settings = {
  keyValue: [{ label: 'default' }, { label: 'all', shared: 'common' }],
  config: [['greeting', 'hits so far']],
  secrets: [['password', SECRET]],
};

const COMPONENT = join(import.meta.dirname, '..', '..', 'components', 'kv-rust.wasm');

let host: HostProcess;
let faas: (...args: string[]) => Promise<FaasRun>;

t.before(async () => {
  const dataDir = join(await shortFolder(t), 'data');
  host = await startHostProcess(t, dataDir, ['--log-level', 'trace']);
  const environment = { FAAS_ADMIN_URL: host.adminUrl, FAAS_TOKEN: host.token };
  faas = (...args) => runHere(args, environment);
});

const hits = (text: string): number => Number(/: (\d+)$/m.exec(text)?.[1]);

t.test('requests at once all count, and "faas kv" sees it', async (t) => {
  await host.deploy('counter', example('kv-rust'), SETTINGS);
  const answers = await Promise.all(Array.from({ length: 100 }, () => host.call('/counter/')));
  t.same(
    answers.filter(({ status }) => status !== 200),
    [],
  );
  t.match(answers[0]?.text, /^hits so far: \d+\n$/, 'as it is configured');
  const counted = answers.map(({ text }) => hits(text)).sort((a, b) => a - b);
  t.same(
    counted,
    Array.from({ length: 100 }, (_, index) => index + 1),
  );
  t.match(await faas('kv', 'get', 'counter', 'hits'), { code: 0, stdout: '100' });
  await faas('kv', 'set', 'counter', 'hits', '1000');
  t.equal(hits((await host.call('/counter/')).text), 1001);
  t.match(await host.logs('counter'), /^\[log\] info counter: hits is 1001$/m);
});

t.test('values, swaps and pages pass through a real component', async (t) => {
  const value = (method: string, query = '', body?: string): Promise<{ text: string }> =>
    host.call(`/counter/value/k${query}`, { method, ...(body === undefined ? {} : { body }) });
  t.match((await value('PUT', '?ttl=60000&metadata=m', 'start')).text, /^revision \d+\n$/);
  t.equal((await value('GET')).text, 'start');
  const letters = 'abcdefgh';
  await Promise.all(Array.from(letters, (letter) => host.call(`/counter/append/k?text=${letter}`)));
  const appended = (await value('GET')).text;
  t.equal(appended.slice(0, 5), 'start');
  t.equal(appended.slice(5).split('').sort().join(''), letters, 'nothing is lost');
  const listed = JSON.parse(
    (await faas('kv', 'ls', 'counter', '--format', 'json')).stdout,
  ) as object[];
  t.match(listed, [{ key: 'hits' }, { key: 'k', size: 13 }]);
  t.equal((await host.call('/counter/keys?prefix=k')).text, 'k 13\n');
  t.equal((await value('DELETE')).text, 'deleted\n');
  t.equal((await value('GET')).text, 'none\n');
  const large = await host.call('/counter/value/large', {
    method: 'PUT',
    body: 'x'.repeat(2 ** 20 + 1),
  });
  t.match(large, { status: 503, text: /Other\("Cannot write the value: it has 1048577 bytes/ });
});

t.test('a store is open to whom it was granted, by every version', async (t) => {
  t.match(await host.call('/counter/?store=other'), { status: 503, text: 'Error::AccessDenied' });
  t.match(await host.call('/counter/?store=..%2f'), { status: 503, text: 'Error::NoSuchStore' });
  await host.deploy('neighbour', example('kv-rust'), SETTINGS);
  t.equal(hits((await host.call('/neighbour/')).text), 1, 'its own');
  t.equal(hits((await host.call('/neighbour/count/x?store=all')).text), 1);
  t.equal(hits((await host.call('/counter/count/x?store=all')).text), 2, 'the shared one');
  await host.deploy('neighbour', example('kv-rust'), { ...SETTINGS, config: [] });
  t.match((await host.call('/neighbour/')).text, /^hits: 2\n$/, 'the next version goes on');
  await host.deploy('neighbour', example('kv-rust'));
  t.match(await host.call('/neighbour/'), { status: 503, text: 'Error::AccessDenied' });
  await host.api.json({ method: 'DELETE', path: '/v1/functions/neighbour' });
  await host.deploy('neighbour', example('kv-rust'), SETTINGS);
  t.equal(hits((await host.call('/neighbour/')).text), 1, 'what is deleted begins anew');
});

t.test('a driver that is killed costs errors, no hang, and nothing acknowledged', async (t) => {
  const before = hits((await host.call('/counter/count/kill')).text);
  t.equal(before, 1);
  let acknowledged = before;
  const driver = await driverOf(host.process.child.pid ?? 0);
  const statuses = new Set<number>();
  const call = async (index: number): Promise<void> => {
    if (index === 30) process.kill(driver, 'SIGKILL');
    const { status, text } = await host.call('/counter/count/kill');
    statuses.add(status);
    if (status === 200) acknowledged = Math.max(acknowledged, hits(text));
  };
  await Promise.all(Array.from({ length: 60 }, (_, index) => call(index)));
  for (const status of statuses) t.ok(status === 200 || status === 503, `status ${status}`);
  const after = await host.call('/counter/count/kill');
  t.equal(after.status, 200);
  t.ok(hits(after.text) > acknowledged, `${after.text} after ${acknowledged}`);
  t.not(await driverOf(host.process.child.pid ?? 0), driver);
});

t.test('a secret is shown nowhere', async (t) => {
  const outputs = [
    await faas('deploy', COMPONENT, '--name', 'counter', '--secret', `p=${SECRET}`),
    await faas('describe', 'counter'),
    await faas('describe', 'counter', '--format', 'json'),
    await faas('versions', 'counter', '--format', 'json'),
    await faas('list', '--format', 'json'),
    await faas('invoke', 'counter', '/?store=none'),
    await faas('logs', 'counter', '--format', 'json'),
    await faas('deploy', COMPONENT, '--name', 'counter', '--secret', `p=${SECRET}\0`),
    await faas('deploy', COMPONENT, '--name', 'counter', '--secret', SECRET),
    await faas('rollback', 'counter'),
  ];
  t.match(outputs[0], { code: 0 });
  for (const { stdout, stderr } of outputs) t.notMatch(stdout + stderr, SECRET);
  const bad = { artifact: 'x', secrets: [['p', SECRET, 'x']] };
  const path = '/v1/functions/counter/versions';
  const refused = host.api.json({ method: 'POST', path, json: bad });
  await t.rejects(refused, { message: new RegExp(`^(?!.*${SECRET})`, 's') });
  t.notMatch((await host.send(`${host.adminUrl}/metrics`)).text, SECRET);
  t.notMatch(await host.logs('counter'), SECRET);
  t.notMatch(host.process.stdout + host.process.stderr, SECRET, 'nor in the host log, at "trace"');
  const registry = join(host.dataDir, 'registry.sqlite');
  const bytes = Buffer.concat([await readFile(registry), await readFile(`${registry}-wal`)]);
  t.ok(bytes.includes(SECRET), 'it is stored as it is');
  for (const file of [
    registry,
    `${registry}-wal`,
    join(host.dataDir, 'key-value', 'store.sqlite'),
  ]) {
    t.equal((await stat(file)).mode & 0o077, 0, 'in files that nobody else may read');
  }
});

t.test('the driver ends with the host', async (t) => {
  const driver = await driverOf(host.process.child.pid ?? 0);
  const ended = await host.process.end('SIGTERM');
  t.equal(ended.code, 0);
  t.throws(() => process.kill(driver, 0), { code: 'ESRCH' });
});

async function driverOf(parent: number): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,ppid=,args=']);
  for (const line of stdout.split('\n')) {
    const [pid = 0, parentPid = 0] = line.trim().split(/\s+/, 2).map(Number);
    if (parentPid === parent && line.includes('key-value-main')) return pid;
  }
  throw new Error('no driver runs');
}
