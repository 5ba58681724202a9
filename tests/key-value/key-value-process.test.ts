import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import '../support/plain-spawn.ts';
import { systemClock } from '../../host/base/clock.ts';
import { KeyValueClient } from '../../host/key-value/key-value-client.ts';
import { KeyValueHost } from '../../host/key-value/key-value-host.ts';
import type { KeyValueLimits } from '../../host/key-value/key-value-store.ts';
import { keyValueSocketPath } from '../../host/key-value/socket-path.ts';
import { RpcLink } from '../../host/links/rpc-link.ts';
import { silentLog } from '../../host/logs/log.ts';
import { shortFolder } from '../admin/short-folder.ts';
import { limitsOf } from './direct-store.ts';
import { testStore } from './store-suite.ts';

async function openHost(
  t: Test,
  changes: Partial<KeyValueLimits> = {},
  dataDir?: string,
): Promise<KeyValueHost> {
  const host = new KeyValueHost({
    dataDir: dataDir ?? (await shortFolder(t)),
    limits: limitsOf(changes),
    clock: systemClock,
    log: silentLog,
  });
  t.teardown(() => host.close());
  return host;
}

/** The process that serves now; waits for one if it is just being started. */
async function servingPid(host: KeyValueHost): Promise<number> {
  const untilMs = performance.now() + 20_000;
  for (;;) {
    try {
      await host.open('s').exists('k');
      return host.pid ?? 0;
    } catch (error) {
      if (performance.now() > untilMs) throw error;
      await delay(20);
    }
  }
}

t.test('the driver behind its process does what the port says', async (t) =>
  testStore(t, await openHost(t)),
);

t.test('what was acknowledged survives kill -9 in the middle of writing', async (t) => {
  const dataDir = await shortFolder(t);
  const host = await openHost(t, {}, dataDir);
  const store = host.open('s');
  const acknowledged: string[] = [];
  const pid = await servingPid(host);
  let isKilled = false;
  const errors: unknown[] = [];
  const writer = async (name: number): Promise<void> => {
    for (let count = 0; !isKilled; count += 1) {
      const key = `${name}-${count}`;
      await store.set([{ key, value: Buffer.alloc(500, name) }]);
      acknowledged.push(key);
      if (acknowledged.length === 300) {
        process.kill(pid, 'SIGKILL');
        isKilled = true;
      }
    }
  };
  await Promise.all(
    Array.from({ length: 16 }, (_, name) =>
      writer(name).catch((error: unknown) => errors.push(error)),
    ),
  );
  for (const error of errors) t.match(error, { code: 'key_value_unavailable' });
  // Calls wait for the process that is started in its place; on a busy machine not long enough.
  await servingPid(host);
  for (let from = 0; from < acknowledged.length; from += 100) {
    const entries = await store.get(acknowledged.slice(from, from + 100));
    t.notOk(entries.includes(undefined), `${entries.length} are there`);
  }
  t.not(host.pid, pid);
  const mode = statSync(join(dataDir, 'key-value', 'store.sqlite')).mode;
  t.equal(mode & 0o077, 0, 'nobody else may read it');
});

t.test('without its process a call ends in time with an error, and others at once', async (t) => {
  const client = new KeyValueClient({
    path: keyValueSocketPath(await shortFolder(t)),
    limits: limitsOf({ timeoutMs: 400 }),
  });
  const startMs = performance.now();
  await t.rejects(client.open('s').get(['k']), {
    code: 'key_value_unavailable',
    message: /is not there/,
  });
  const afterMs = performance.now();
  t.ok(afterMs - startMs < 2000, `${afterMs - startMs} ms`);
  await t.rejects(client.open('s').exists('k'), { code: 'key_value_unavailable' });
  t.ok(performance.now() - afterMs < 150, 'nobody waits in vain twice');
  await client.close();
  await t.rejects(client.open('s').exists('k'), { code: 'key_value_unavailable' });
  t.match(keyValueSocketPath(`/${'x'.repeat(200)}`), /^.{1,100}key-value\.sock$/, 'never too long');
  const tooLong = new KeyValueClient({ path: `/${'x'.repeat(200)}`, limits: limitsOf() });
  await t.rejects(tooLong.open('s').exists('k'), { code: 'key_value_unavailable' });
});

t.test('a process that hangs is an error in time, and what waits is bounded', async (t) => {
  const host = await openHost(t, { timeoutMs: 500, queue: 5 });
  const pid = await servingPid(host);
  process.kill(pid, 'SIGSTOP');
  const calls = Array.from({ length: 7 }, () => host.open('s').exists('k'));
  const results = await Promise.allSettled(calls);
  process.kill(pid, 'SIGCONT');
  const codes = results.map((result) =>
    result.status === 'rejected' ? (result.reason as { code: string }).code : 'answered',
  );
  t.same(codes, [
    ...Array.from({ length: 5 }, () => 'key_value_unavailable'),
    'key_value_busy',
    'key_value_busy',
  ]);
  t.notOk(await host.open('s').exists('k'), 'and goes on when it does');
});

t.test('closing ends the process, after what waits; nothing starts for nothing', async (t) => {
  const dataDir = await shortFolder(t);
  const idle = await openHost(t, {}, dataDir);
  await idle.drop('default/function/f/');
  t.equal(idle.pid, undefined, 'there is nothing to drop');
  idle.follow({ functions: new Map([['f', { live: { settings: { keyValue: [] } } }]]) });
  t.equal(idle.pid, undefined, 'nobody was granted a store');
  idle.follow({ functions: new Map([['f', { live: { settings: { keyValue: [{}] } } }]]) });
  const pid = await servingPid(idle);
  t.ok(pid > 0);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal);
  t.equal(await servingPid(idle), pid, 'Ctrl-C is for the host, which still has requests');
  await idle.close();
  await idle.close();
  t.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  await t.rejects(idle.open('s').exists('k'), { code: 'key_value_unavailable' });
});

t.test(
  'whoever is linked to it gets a coded error for nonsense, and nobody is disturbed',
  async (t) => {
    const dataDir = await shortFolder(t);
    const host = await openHost(t, {}, dataDir);
    await servingPid(host);
    const link = new RpcLink(connect(keyValueSocketPath(dataDir)), { handlers: {} });
    const value = 'YQ==';
    const nonsense: readonly (readonly [string, unknown])[] = [
      ['get', null],
      ['get', { store: 's', keys: 'k' }],
      ['get', { store: '', keys: ['k'] }],
      ['get', { store: 's', keys: [1] }],
      ['get', { store: 's', keys: Array.from({ length: 1001 }, () => 'k') }],
      ['set', { store: 's', writes: [{ key: 'k' }] }],
      ['set', { store: 's', writes: [{ key: 'k'.repeat(2000), value }] }],
      ['set', { store: 's', writes: [{ key: 'k', value: 'A'.repeat(1_500_000) }] }],
      ['set', { store: 's', writes: [{ key: 'k', value, ttlMs: -1 }] }],
      ['set', { store: { toString: 1 }, writes: [] }],
      ['increment', { store: 's', key: 'k', delta: '1e3', min: '0', max: '9' }],
      ['increment', { store: 's', key: 'k', delta: 1, min: '0', max: '9' }],
      ['swap', { store: 's', write: { key: 'k', value }, revision: '1' }],
      ['list', { store: 's', query: { cursor: 'x' } }],
      ['drop', { prefix: '' }],
      ['constructor', {}],
      ['__proto__', {}],
    ];
    for (const [method, params] of nonsense) {
      await t.rejects(
        link.call(method, params, 5000),
        { code: /^(key_value_refused|invalid_key|invalid_store|link_unknown_method)$/ },
        `${method} ${JSON.stringify(params).slice(0, 60)}`,
      );
    }
    const broken = connect(keyValueSocketPath(dataDir));
    broken.end('{"no json\n');
    await new Promise((resolve) => broken.once('close', resolve));
    t.same((await host.open('s').listKeys({})).keys, []);
    link.close();
  },
);
