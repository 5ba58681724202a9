import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import t from 'tap';
import { SqliteStore } from '../../host/key-value/sqlite-store.ts';
import { limitsOf, openDirectStore, WallClock } from './direct-store.ts';
import { testStore } from './store-suite.ts';

const value = (bytes: number): Uint8Array => Buffer.alloc(bytes, 1);

t.test('the driver does what the port says', (t) => testStore(t, openDirectStore().port));

t.test('a key is gone when its time is over, collected or not', async (t) => {
  const { port, driver, clock } = openDirectStore();
  const store = port.open('s');
  const nowMs = clock.nowMs;
  await store.set([
    { key: 'short', value: value(10), ttlMs: 100, metadata: 'm' },
    { key: 'long', value: value(10), ttlMs: 1e30 },
    { key: 'ever', value: value(10) },
  ]);
  t.match((await store.get(['short']))[0], { expiresAtMs: nowMs + 100, metadata: 'm' });
  await store.increment('n', 1n, { min: 0n, max: 9n });
  await store.set([{ key: 'n', value: Buffer.from('1'), ttlMs: 100 }]);
  await store.increment('n', 1n, { min: 0n, max: 9n });
  t.equal((await store.get(['n']))[0]?.expiresAtMs, nowMs + 100, 'adding keeps the expiry');
  clock.nowMs += 99;
  t.ok(await store.exists('short'), 'the last millisecond');
  clock.nowMs += 1;
  const check = async (): Promise<void> => {
    t.notOk(await store.exists('short'));
    t.same(await store.get(['short', 'n']), [undefined, undefined]);
    for (const query of [{}, { prefix: '' }]) {
      t.same((await store.listKeys(query)).keys.map(({ key }) => key).sort(), ['ever', 'long']);
    }
    t.equal(await store.delete(['short']), 0);
  };
  await store.set([{ key: 'again', value: value(1), ttlMs: 1 }]);
  clock.nowMs += 1;
  t.match(await store.compareAndSwap({ key: 'again', value: value(1) }, 0), { swapped: true });
  t.equal(await store.increment('n', 5n, { min: 0n, max: 9n }), 5n, 'it counts as 0');
  await store.delete(['again', 'n']);
  await check();
  while (driver.collect());
  await check();
  t.end();
});

t.test('writing anew takes metadata and expiry away; the key keeps its place', async (t) => {
  const { port } = openDirectStore();
  const store = port.open('s');
  await store.set([{ key: 'b', value: value(1), ttlMs: 1000, metadata: 'm' }]);
  await store.set([{ key: 'a', value: value(1) }]);
  await store.set([{ key: 'b', value: value(2) }]);
  t.match((await store.get(['b']))[0], { metadata: undefined, expiresAtMs: undefined });
  t.same(
    (await store.listKeys({})).keys.map(({ key }) => key),
    ['b', 'a'],
  );
});

t.test('a store is never larger than it may be, and deleting makes room', async (t) => {
  const { port, driver, clock } = openDirectStore({ storeBytes: 1000 });
  const store = port.open('s');
  const size = (bytes: number, key = 'k'): { key: string; value: Uint8Array } => ({
    key,
    value: value(bytes),
  });
  await store.set([size(1000 - 65)]);
  const full = { code: 'store_full', status: 507 };
  await t.rejects(store.set([size(1000 - 64)]), full);
  await t.rejects(store.set([size(0, 'l')]), full);
  await t.rejects(store.increment('n', 1n, { min: 0n, max: 9n }), full);
  await t.rejects(store.compareAndSwap(size(0, 'l'), 0), full);
  t.equal((await store.get(['k']))[0]?.value.byteLength, 935, 'what was there stays');
  await store.set([size(10)]);
  await store.set([size(10, 'l'), { ...size(400, 'm'), ttlMs: 10 }]);
  await t.rejects(store.set([size(300, 'o'), size(100, 'p')]), full);
  t.notOk(await store.exists('o'), 'all or none');
  clock.nowMs += 10;
  await t.rejects(store.set([size(400, 'o')]), full, 'what has expired counts until collected');
  driver.collect();
  await store.set([size(400, 'o')]);
  await store.delete(['k', 'l', 'o']);
  await store.set([size(935, 'q')]);
  t.equal(
    await port
      .open('other')
      .set([size(935)])
      .then(() => true),
    true,
    'each for itself',
  );
});

t.test('get() of more than may be read at once is refused', async (t) => {
  const { port } = openDirectStore({ callBytes: 1000 });
  const store = port.open('s');
  for (const key of ['a', 'b', 'c']) await store.set([{ key, value: value(400) }]);
  await t.rejects(store.get(['a', 'b', 'c']), { code: 'key_value_refused' });
  t.equal((await store.get(['a', 'b'])).length, 2);
});

t.test('dropped stores and expired keys leave the file', async (t) => {
  const path = join(t.testdir({}), 'store.sqlite');
  const { port, driver, clock } = openDirectStore({}, path);
  const writes = Array.from({ length: 1200 }, (_, index) => ({
    key: `k${index}`,
    value: value(10),
    ...(index % 2 === 0 ? {} : { ttlMs: 5 }),
  }));
  await port.open('d/x').set(writes.slice(0, 600));
  await port.open('d/x').set(writes.slice(600));
  await port.drop('d/');
  clock.nowMs += 10;
  let rounds = 0;
  while (driver.collect()) rounds += 1;
  t.ok(rounds > 1, 'in pieces');
  driver.close();
  const database = new DatabaseSync(path);
  t.same({ ...database.prepare('SELECT count(*) AS n FROM entry').get() }, { n: 0 });
  t.same({ ...database.prepare('SELECT count(*) AS n FROM store').get() }, { n: 0 });
  database.close();
});

t.test('what was committed is there when the file is opened again; revisions go on', async (t) => {
  const path = join(t.testdir({}), 'store.sqlite');
  const first = openDirectStore({}, path);
  const before = await first.port.open('s').set([{ key: 'k', value: value(3), metadata: 'm' }]);
  await first.port.open('s').delete(['k']);
  await first.port.open('s').set([{ key: 'l', value: value(3), metadata: 'm' }]);
  first.driver.close();
  first.driver.close();
  const second = openDirectStore({}, path);
  const [entry] = await second.port.open('s').get(['l']);
  t.match(entry, { metadata: 'm' });
  t.ok((await second.port.open('s').set([{ key: 'k', value: value(3) }])) > before + 1);
  second.driver.close();
});

t.test('a file that is not ours is refused with a code', (t) => {
  const folder = t.testdir({});
  const damaged = join(folder, 'damaged');
  writeFileSync(damaged, 'no database at all, but long enough to be looked at as one');
  const newer = join(folder, 'newer');
  const database = new DatabaseSync(newer);
  database.exec('CREATE TABLE x (y); PRAGMA user_version = 7');
  database.close();
  for (const path of [damaged, newer, join(folder, 'missing', 'folder')]) {
    t.throws(() => new SqliteStore(path, limitsOf(), new WallClock()), {
      code: 'key_value_failed',
    });
  }
  t.end();
});

t.test('a transaction that fails leaves nothing, and the next one works', async (t) => {
  const path = join(t.testdir({}), 'store.sqlite');
  openDirectStore({}, path).driver.close();
  const sql = (text: string): object | undefined => {
    const database = new DatabaseSync(path);
    const row = text.startsWith('SELECT') ? database.prepare(text).get() : database.exec(text);
    database.close();
    return row === undefined ? undefined : { ...row };
  };
  sql(`CREATE TRIGGER t BEFORE INSERT ON entry WHEN new.key = CAST('bad' AS BLOB) AND length(new.value) = 100
       BEGIN SELECT RAISE(ABORT, 'no'); END`);
  const { port, driver } = openDirectStore({}, path);
  const store = port.open('s');
  await store.set([{ key: 'k', value: value(100) }]);
  const results = await Promise.allSettled([
    store.set([{ key: 'good', value: value(100) }]),
    store.set([{ key: 'bad', value: value(100) }]),
  ]);
  t.match(results, [
    { status: 'rejected', reason: { code: 'key_value_failed' } },
    { status: 'rejected', reason: { code: 'key_value_failed' } },
  ]);
  t.notOk(await store.exists('good'));
  await store.set([{ key: 'bad', value: value(50) }]);
  driver.close();
  t.same(sql('SELECT bytes FROM store'), { bytes: 2 * 64 + 4 + 150 });
});

t.test('two drivers never have one file', async (t) => {
  const path = join(t.testdir({}), 'store.sqlite');
  const first = openDirectStore({}, path);
  await first.port.open('s').set([{ key: 'k', value: value(1) }]);
  t.throws(() => openDirectStore({}, path), { code: 'key_value_failed', message: /locked/ });
  first.driver.close();
  const second = openDirectStore({}, path);
  t.ok(await second.port.open('s').exists('k'));
  second.driver.close();
});
