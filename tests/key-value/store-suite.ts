/** What every driver of key-value storage does, whoever asks it. */
import type { Test } from 'tap';
import type { KeyValueStore } from '../../host/key-value/key-value-store.ts';

const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : Buffer.from(value).toString();
const write = (key: string, value: string): { key: string; value: Uint8Array } => ({
  key,
  value: Buffer.from(value),
});
const U64 = { min: 0n, max: 2n ** 64n - 1n };

/** Runs the suite on an empty driver. */
export async function testStore(t: Test, port: KeyValueStore): Promise<void> {
  await t.test('what was set is read, listed, and gone once deleted', async (t) => {
    const store = port.open('default/function/a/one');
    t.same(await store.get(['a', 'b']), [undefined, undefined], 'nothing was written yet');
    t.same((await store.listKeys({})).keys, []);
    const revision = await store.set([write('a', '1'), write('b', ''), write('ü', 'x\0y')]);
    t.ok(revision >= 1);
    t.same(
      (await store.get(['ü', 'b', 'c', 'a'])).map((entry) => text(entry?.value)),
      ['x\0y', '', undefined, '1'],
    );
    t.ok(await store.exists('b'));
    t.notOk(await store.exists('c'));
    t.same(
      (await store.listKeys({})).keys.map(({ key, size }) => [key, size]),
      [
        ['a', 1],
        ['b', 0],
        ['ü', 3],
      ],
    );
    t.equal(await store.delete(['a', 'c', 'a']), 1);
    t.equal(await store.delete([]), 0);
    t.notOk(await store.exists('a'));
    t.same(await port.open('default/function/a/two').get(['b']), [undefined], 'another store');
  });

  await t.test('of a key that is written twice at once the last one counts', async (t) => {
    const store = port.open('twice');
    await store.set([write('k', 'first'), write('k', 'last')]);
    t.equal(text((await store.get(['k']))[0]?.value), 'last');
  });

  await t.test('pages come to an end, by age and by prefix', async (t) => {
    const store = port.open('pages');
    const names = Array.from({ length: 25 }, (_, index) => `k${String(index % 5)}/${index}`);
    for (const name of names) await store.set([write(name, name)]);
    const collect = async (prefix: string | undefined, limit: number): Promise<string[]> => {
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await store.listKeys({ prefix, cursor, limit });
        t.ok(page.keys.length <= limit);
        found.push(...page.keys.map(({ key }) => key));
        ({ cursor } = page);
      } while (cursor !== undefined);
      return found;
    };
    t.same(await collect(undefined, 4), names, 'by age');
    t.same(await collect('', 7), [...names].sort(), 'all, by key');
    t.same(await collect('k3/', 2), names.filter((name) => name.startsWith('k3/')).sort());
    t.same(await collect('none', 2), []);
    t.same(await collect('k', 25), [...names].sort(), 'a full last page has no next one');
    await t.rejects(store.listKeys({ cursor: 'k1' }), { code: 'key_value_refused' });
  });

  await t.test('increments made at once all count', async (t) => {
    const store = port.open('numbers');
    const made = await Promise.all(
      Array.from({ length: 100 }, () => store.increment('n', 2n, U64)),
    );
    t.same(
      made.sort((a, b) => (a < b ? -1 : 1)),
      Array.from({ length: 100 }, (_, index) => BigInt(index * 2 + 2)),
    );
    t.equal(text((await store.get(['n']))[0]?.value), '200');
    t.equal(await store.increment('n', -200n, { min: -1n, max: 1000n }), 0n);
    await t.rejects(store.increment('n', -1n, U64), { code: 'key_value_refused' });
    t.equal(await store.increment('big', U64.max, U64), U64.max);
    await t.rejects(store.increment('big', 1n, U64), { code: 'key_value_refused' });
    await store.set([write('word', 'one')]);
    await t.rejects(store.increment('word', 1n, U64), { code: 'key_value_refused' });
    t.equal(text((await store.get(['word']))[0]?.value), 'one', 'it stays');
  });

  await t.test('of swaps of one revision exactly one is done', async (t) => {
    const store = port.open('swaps');
    const race = async (revision: number): Promise<boolean[]> => {
      const outcomes = await Promise.all(
        ['a', 'b', 'c', 'd'].map((value) => store.compareAndSwap(write('k', value), revision)),
      );
      return outcomes.map(({ swapped }) => swapped).filter(Boolean);
    };
    t.same(await race(0), [true], 'of a key that is not there');
    const [entry] = await store.get(['k']);
    t.same(await race(entry?.revision ?? 0), [true]);
    const stale = await store.compareAndSwap(write('k', 'x'), entry?.revision ?? 0);
    const [now] = await store.get(['k']);
    t.same(stale, { swapped: false, entry: now });
    await store.set([{ ...write('k', text(now?.value) ?? '') }]);
    t.match(
      await store.compareAndSwap(write('k', 'x'), now?.revision ?? 0),
      { swapped: false },
      'the same value written anew is a change',
    );
    await store.delete(['k']);
    t.match(await store.compareAndSwap(write('k', 'x'), 12345), {
      swapped: false,
      entry: undefined,
    });
  });

  await t.test(
    'hostile keys, values and batches are refused, and nothing is written',
    async (t) => {
      const store = port.open('hostile');
      const refused = (promise: Promise<unknown>, code: string): Promise<unknown> =>
        t.rejects(promise, { code });
      await refused(store.get(['']), 'invalid_key');
      await refused(store.get(['k'.repeat(1025)]), 'invalid_key');
      await refused(store.set([write('\ud800', 'x')]), 'invalid_key');
      await refused(store.exists('ü'.repeat(600)), 'invalid_key');
      const large = { key: 'k', value: Buffer.alloc(1024 * 1024 + 1) };
      await refused(store.set([large]), 'key_value_refused');
      await refused(store.set([write('ok', 'x'), large]), 'key_value_refused');
      await refused(store.compareAndSwap(large, 0), 'key_value_refused');
      await refused(store.set([{ ...write('k', ''), ttlMs: 0 }]), 'key_value_refused');
      await refused(store.set([{ ...write('k', ''), ttlMs: Number.NaN }]), 'key_value_refused');
      const metadata = 'm'.repeat(1025);
      await refused(store.set([{ ...write('k', ''), metadata }]), 'key_value_refused');
      const many = Array.from({ length: 1001 }, (_, index) => `k${index}`);
      await refused(store.get(many), 'key_value_refused');
      await refused(store.delete(many), 'key_value_refused');
      const full = Array.from({ length: 17 }, (_, index) => ({
        key: `f${index}`,
        value: Buffer.alloc(1024 * 1024),
      }));
      await refused(store.set(full), 'key_value_refused');
      t.throws(() => port.open(''), { code: 'invalid_store' });
      t.throws(() => port.open('x'.repeat(300)), { code: 'invalid_store' });
      t.same((await store.listKeys({})).keys, []);
    },
  );

  await t.test('names and keys are data', async (t) => {
    const names = ["'; DROP TABLE entry; --", '__proto__', 'a/b', '%', 'a\0b', '🗝'];
    for (const name of names) {
      const store = port.open(name);
      for (const key of names) await store.set([write(key, name + key)]);
    }
    for (const name of names) {
      const store = port.open(name);
      const values = (await store.get(names)).map((entry) => text(entry?.value));
      t.same(
        values,
        names.map((key) => name + key),
        name,
      );
      t.same(
        (await store.listKeys({ prefix: '%' })).keys.map(({ key }) => key),
        ['%'],
      );
    }
  });

  await t.test('dropping takes the stores with that beginning, and no other', async (t) => {
    for (const name of ['d/f/x', 'd/f/y', 'd/f', 'd/fg/x'])
      await port.open(name).set([write('k', 'v')]);
    await port.drop('d/f/');
    const found = await Promise.all(
      ['d/f/x', 'd/f/y', 'd/f', 'd/fg/x'].map((name) => port.open(name).exists('k')),
    );
    t.same(found, [false, false, true, true]);
    await port.open('d/f/x').set([write('new', 'v')]);
    t.same(
      (await port.open('d/f/x').listKeys({})).keys.map(({ key }) => key),
      ['new'],
    );
  });
}
