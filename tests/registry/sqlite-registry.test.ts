import { open, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { performance } from 'node:perf_hooks';
import t from 'tap';
import { systemClock } from '../../host/base/clock.ts';
import { DEFAULT_NAMESPACE, parseFunctionName, type FunctionName } from '../../host/base/ids.ts';
import { silentLog } from '../../host/logs/log.ts';
import { openSqliteRegistry } from '../../host/registry/sqlite-registry.ts';
import { killAfterLines, runInShell } from '../storage/child.ts';
import { newVersion, testRegistry } from './registry-suite.ts';

const options = { clock: systemClock, log: silentLog };
const APP = parseFunctionName('app');

testRegistry(t, (t) => {
  const path = join(t.testdir(), 'registry.sqlite');
  return () => openSqliteRegistry(path, options);
});

t.test("the database is its owner's alone", async (t) => {
  const path = join(t.testdir(), 'registry.sqlite');
  const registry = await openSqliteRegistry(path, options);
  await registry.commitVersion(newVersion('app', 'one'), 'me');
  for (const suffix of ['', '-wal', '-shm']) {
    t.equal((await stat(`${path}${suffix}`)).mode & 0o777, 0o600);
  }
  await registry.close();
  await t.rejects(stat(`${path}-wal`), { code: 'ENOENT' }, 'closing merges the log');
});

t.test('a newer registry is refused and left as it is', async (t) => {
  const path = await createRegistry(t.testdir());
  execute(path, 'PRAGMA user_version = 1000');
  await t.rejects(openSqliteRegistry(path, options), {
    code: 'registry_too_new',
    fields: { version: 1000, known: 1 },
  });
});

t.test('a registry that has become empty is not taken for a new one', async (t) => {
  const path = await createRegistry(t.testdir());
  await truncate(path);
  await t.rejects(openSqliteRegistry(path, options), {
    code: 'registry_corrupt',
    fields: { reason: 'it is empty' },
  });
  t.equal((await stat(path)).size, 0, 'it is left as it was');
});

t.test(
  'a log without its registry is refused, and what a kill left of making one is not',
  async (t) => {
    const path = join(t.testdir(), 'registry.sqlite');
    await writeFile(`${path}-wal`, 'changes');
    await t.rejects(openSqliteRegistry(path, options), { code: 'registry_corrupt' });
    await t.rejects(stat(path), { code: 'ENOENT' }, 'nothing was made');
    await rm(`${path}-wal`);
    await writeFile(`${path}.new`, 'half of a registry');
    const registry = await openSqliteRegistry(path, options);
    t.equal(registry.snapshot.epoch, 0);
    await registry.close();
    await t.rejects(stat(`${path}.new`), { code: 'ENOENT' });
  },
);

t.test('settings that are no JSON any more are damage', async (t) => {
  const path = await createRegistry(t.testdir());
  execute(path, `UPDATE versions SET settings = '{"limits'`);
  await t.rejects(openSqliteRegistry(path, options), { code: 'registry_corrupt' });
});

t.test('files that are no registry are refused', async (t) => {
  const directory = t.testdir();
  const garbage = join(directory, 'garbage.sqlite');
  await writeFile(garbage, 'x'.repeat(10_000));
  await t.rejects(openSqliteRegistry(garbage, options), { code: 'registry_corrupt' });
  const foreign = join(directory, 'foreign.sqlite');
  execute(foreign, 'CREATE TABLE recipes (name TEXT)');
  await t.rejects(openSqliteRegistry(foreign, options), {
    code: 'registry_corrupt',
    fields: { reason: 'another program made this database' },
  });
  const { journal_mode: journal } =
    new DatabaseSync(foreign).prepare('PRAGMA journal_mode').get() ?? {};
  t.equal(journal, 'delete', 'it is left as it was');
  await t.rejects(openSqliteRegistry(join(directory, 'no', 'where'), options), {
    code: /^(registry_failed|storage_readonly)$/,
  });
});

t.test('a damaged registry is refused with what to do', async (t) => {
  const path = await createRegistry(t.testdir());
  const { size } = await stat(path);
  await using file = await open(path, 'r+');
  for (let offset = 4096; offset < size; offset += 4096) {
    await file.write(Buffer.alloc(64, 0xa5), 0, 64, offset);
  }
  await t.rejects(openSqliteRegistry(path, options), {
    code: 'registry_corrupt',
    fix: /move it away/,
  });
});

t.test(
  'a call while another program holds the lock waits off this thread, then says so',
  { timeout: 30_000 },
  async (t) => {
    const path = await createRegistry(t.testdir());
    const registry = await openSqliteRegistry(path, options);
    const blocker = new DatabaseSync(path);
    blocker.exec('BEGIN IMMEDIATE');
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 5);
    await t.rejects(registry.commitVersion(newVersion('app', 'two'), 'me'), {
      code: 'registry_busy',
    });
    clearInterval(timer);
    t.ok(turns > 20, `this thread went round ${turns} times`);
    blocker.exec('ROLLBACK');
    t.equal((await registry.commitVersion(newVersion('app', 'two'), 'me')).version.number, 2);
    blocker.close();
    await registry.close();
  },
);

t.test('when its thread dies, pending calls reject and the next call starts another', async (t) => {
  const path = join(t.testdir(), 'registry.sqlite');
  const workers: Worker[] = [];
  const remember = (worker: Worker): void => {
    workers.push(worker);
  };
  process.on('worker', remember);
  t.teardown(() => process.off('worker', remember));
  const registry = await openSqliteRegistry(path, options);
  const { version } = await registry.commitVersion(newVersion('app', 'one'), 'me');
  const pending = [registry.commitVersion(newVersion('app', 'two'), 'me'), registry.loadTokens()];
  const outcomes = Promise.allSettled(pending);
  await Promise.resolve();
  await workers[0]?.terminate();
  for (const outcome of await outcomes) {
    t.match(outcome, { status: 'rejected', reason: { code: 'registry_unavailable', status: 503 } });
  }
  t.equal(registry.snapshot.functions.get(APP)?.live.number, version.number, 'it still serves');
  const versions = await registry.loadVersions(DEFAULT_NAMESPACE, APP);
  t.same(
    registry.snapshot.functions.get(APP)?.live,
    versions[0],
    'the snapshot is what is durable',
  );
  await registry.commitVersion(newVersion('app', 'three'), 'me');
  t.equal(workers.length, 2);
  await registry.close();
});

t.test('a host killed between commits keeps all it acknowledged', async (t) => {
  const path = join(t.testdir(), 'registry.sqlite');
  let acknowledged = 0;
  for (const count of [1, 5, 23]) {
    const lines = await killAfterLines(
      new URL('./commit-forever.ts', import.meta.url),
      [path],
      count,
    );
    const registry = await openSqliteRegistry(path, options);
    const numbers = (await registry.loadVersions(DEFAULT_NAMESPACE, APP)).map(
      ({ number }) => number,
    );
    acknowledged += lines.length;
    t.equal(lines.at(-1), String(acknowledged));
    const present = numbers.length;
    // Killed between the commit and its line, a version may be there that nobody was told of.
    t.ok(present >= acknowledged, `${present} of ${acknowledged} acknowledged`);
    t.same(
      numbers,
      Array.from({ length: present }, (_, index) => present - index),
    );
    t.equal(registry.snapshot.functions.get(APP)?.live.number, present);
    t.equal(registry.snapshot.functions.get(APP)?.routes.length, 1);
    t.equal(registry.snapshot.epoch, present);
    acknowledged = present;
    await registry.close();
  }
});

t.test('a full disk refuses a commit with its code and keeps all before it', async (t) => {
  const mount =
    'unshare -rm sh -c \'mount -t tmpfs -o size=1m none "$(dirname "$3")" && exec "$@"\' sh "$@"';
  const path = join(t.testdir(), 'registry.sqlite');
  const script = new URL('./commit-forever.ts', import.meta.url);
  const { code, output } = await runInShell(mount, script, [path]);
  if (code !== 0) return t.comment('mounting a file system is not allowed here');
  const lines = output.trim().split('\n');
  const acknowledged = lines.length - 1;
  t.ok(acknowledged > 0);
  t.same(JSON.parse(lines.at(-1) ?? ''), {
    code: 'storage_full',
    live: acknowledged,
    versions: acknowledged,
  });
});

t.test('10,000 functions are read in less than a second', async (t) => {
  const path = await createRegistry(t.testdir());
  execute(
    path,
    `BEGIN;
     WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
     INSERT INTO functions SELECT i, 'default', 'f' || i, 1, 1 FROM n;
     INSERT INTO versions SELECT f.id, 1, v.artifact, v.artifact_bytes, v.prepared, v.kind, v.settings, 1, 'me'
       FROM functions f JOIN versions v ON v.function_id = 1 WHERE f.id > 1;
     INSERT INTO aliases SELECT id, 'live', 1 FROM functions WHERE id > 1;
     INSERT INTO routes SELECT 'f' || id || '.example.com', '/*', id FROM functions;
     COMMIT`,
  );
  const startMs = performance.now();
  const registry = await openSqliteRegistry(path, options);
  const ms = performance.now() - startMs;
  t.equal(registry.snapshot.functions.size, 10_000);
  t.equal(registry.snapshot.functions.get('f9' as FunctionName)?.routes[0]?.host, 'f9.example.com');
  t.comment(`${Math.round(ms)} ms`);
  t.ok(ms < 1000, `${Math.round(ms)} ms`);
  await registry.close();
});

async function createRegistry(directory: string): Promise<string> {
  const path = join(directory, 'registry.sqlite');
  const registry = await openSqliteRegistry(path, options);
  await registry.commitVersion(newVersion('app', 'one'), 'me');
  await registry.close();
  return path;
}

function execute(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}
