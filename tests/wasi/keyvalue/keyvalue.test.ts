import t from 'tap';
import { errorOf, openKeyvalueGuest, type KeyvalueGuest } from './keyvalue-guest.ts';

const RELEASES = ['0.2.0-draft', '0.2.0-draft2'] as const;
const bytes = (text: string): Uint8Array => Buffer.from(text);
const OTHER = { tag: 'other', val: /^Cannot / };

for (const release of RELEASES) {
  const store = `wasi:keyvalue/store@${release}`;
  const atomics = `wasi:keyvalue/atomics@${release}`;
  const batch = `wasi:keyvalue/batch@${release}`;
  const open = ({ call }: KeyvalueGuest, name = 'default'): Promise<unknown> =>
    call(store, 'open', name);

  t.test(`${release}: a bucket gets, sets, deletes and tells what is there`, async (t) => {
    const guest = openKeyvalueGuest();
    const bucket = await open(guest);
    const method = (name: string, ...values: unknown[]): Promise<unknown> =>
      guest.call(store, `[method]bucket.${name}`, bucket, ...values);
    t.equal(await method('get', 'k'), undefined);
    t.equal(await method('set', 'k', bytes('v')), undefined);
    t.same(await method('get', 'k'), bytes('v'));
    t.equal(await method('exists', 'k'), true);
    t.equal(await method('delete', 'k'), undefined);
    t.equal(await method('delete', 'k'), undefined, 'one that is not there is no error');
    t.equal(await method('exists', 'k'), false);
  });

  t.test(`${release}: an empty name is "default"; own and shared stores are apart`, async (t) => {
    const guest = openKeyvalueGuest();
    const [own, same, shared] = [
      await open(guest),
      await open(guest, ''),
      await open(guest, 'shared'),
    ];
    await guest.call(store, '[method]bucket.set', own, 'k', bytes('own'));
    t.same(await guest.call(store, '[method]bucket.get', same, 'k'), bytes('own'));
    t.equal(await guest.call(store, '[method]bucket.get', shared, 'k'), undefined);
    t.ok(await guest.direct.port.open('default/function/f/default').exists('k'));
  });

  t.test(
    `${release}: what was not granted is denied, and what can be no store is none`,
    async (t) => {
      const guest = openKeyvalueGuest();
      for (const name of ['other', 'Default', 'default.', 'all']) {
        t.same(await errorOf(open(guest, name)), { tag: 'access-denied' }, name);
      }
      for (const name of ['../x', 'a/b', 'x'.repeat(65), '\0', 'ü', ' ']) {
        t.same(await errorOf(open(guest, name)), { tag: 'no-such-store' }, name);
      }
    },
  );

  t.test(`${release}: keys are listed page by page`, async (t) => {
    const guest = openKeyvalueGuest({ keysAtOnce: 3 });
    const bucket = await open(guest);
    const names = ['c', 'a', 'b', 'e', 'd', 'g', 'f'];
    for (const name of names)
      await guest.call(store, '[method]bucket.set', bucket, name, bytes('v'));
    const found: string[] = [];
    let cursor: unknown;
    do {
      const page = (await guest.call(store, '[method]bucket.list-keys', bucket, cursor)) as {
        keys: string[];
        cursor: unknown;
      };
      found.push(...page.keys);
      ({ cursor } = page);
      if (cursor !== undefined) t.type(cursor, release === '0.2.0-draft' ? 'bigint' : 'string');
    } while (cursor !== undefined);
    t.same(found, names);
    const beyond = release === '0.2.0-draft' ? 2n ** 64n - 1n : '9'.repeat(20);
    t.same(await guest.call(store, '[method]bucket.list-keys', bucket, beyond), {
      keys: [],
      cursor: undefined,
    });
    if (release === '0.2.0-draft') return;
    for (const text of ['', 'x', '-1', '1'.repeat(5000)]) {
      const listed = guest.call(store, '[method]bucket.list-keys', bucket, text);
      t.match(await errorOf(listed), OTHER, text.slice(0, 5));
    }
  });

  t.test(`${release}: numbers add up within their type`, async (t) => {
    const guest = openKeyvalueGuest();
    const bucket = await open(guest);
    const increment = (key: string, delta: bigint): Promise<unknown> =>
      guest.call(atomics, 'increment', bucket, key, delta);
    t.equal(await increment('n', 5n), 5n);
    t.equal(await increment('n', 1n), 6n);
    t.same(await guest.call(store, '[method]bucket.get', bucket, 'n'), bytes('6'));
    const max = release === '0.2.0-draft' ? 2n ** 64n - 1n : 2n ** 63n - 1n;
    t.match(await errorOf(increment('n', max)), OTHER, 'it would overflow');
    t.equal(await increment('m', max), max);
    if (release === '0.2.0-draft2') {
      t.equal(await increment('n', -8n), -2n);
      t.equal(await increment('low', -(2n ** 63n)), -(2n ** 63n));
      t.match(await errorOf(increment('low', -1n)), OTHER);
    }
    await guest.call(store, '[method]bucket.set', bucket, 'text', bytes('1.5'));
    t.match(await errorOf(increment('text', 1n)), OTHER);
  });

  t.test(`${release}: batches`, async (t) => {
    const guest = openKeyvalueGuest();
    const bucket = await open(guest);
    const pairs = [
      ['a', bytes('1')],
      ['b', bytes('2')],
    ];
    t.equal(await guest.call(batch, 'set-many', bucket, pairs), undefined);
    t.equal(await guest.call(batch, 'set-many', bucket, []), undefined);
    const many = await guest.call(batch, 'get-many', bucket, ['b', 'x', 'a', 'b']);
    const missing = release === '0.2.0-draft' ? undefined : ['x', undefined];
    t.same(many, [['b', bytes('2')], missing, ['a', bytes('1')], ['b', bytes('2')]]);
    t.same(await guest.call(batch, 'get-many', bucket, []), []);
    t.equal(await guest.call(batch, 'delete-many', bucket, ['a', 'x']), undefined);
    t.equal(await guest.call(store, '[method]bucket.exists', bucket, 'a'), false);
    const large = [
      ['c', bytes('3')],
      ['d', Buffer.alloc(2 ** 20 + 1)],
    ];
    t.match(await errorOf(guest.call(batch, 'set-many', bucket, large)), OTHER);
    t.equal(await guest.call(store, '[method]bucket.exists', bucket, 'c'), false, 'all or none');
  });

  t.test(`${release}: without a driver every call is an error value`, async (t) => {
    const guest = openKeyvalueGuest();
    const bucket = await open(guest);
    guest.direct.isGone = true;
    const val = 'Cannot use the key-value stores: it is gone';
    for (const [from, name, ...values] of [
      [store, '[method]bucket.get', 'k'],
      [store, '[method]bucket.set', 'k', bytes('v')],
      [store, '[method]bucket.delete', 'k'],
      [store, '[method]bucket.exists', 'k'],
      [store, '[method]bucket.list-keys', undefined],
      [atomics, 'increment', 'k', 1n],
      [batch, 'get-many', ['k']],
      [batch, 'set-many', [['k', bytes('v')]]],
      [batch, 'delete-many', ['k']],
    ] as const) {
      t.same(await errorOf(guest.call(from, name, bucket, ...values)), { tag: 'other', val }, name);
    }
  });

  t.test(`${release}: buckets are charged, and given back`, async (t) => {
    const guest = openKeyvalueGuest();
    const bucket = (await open(guest)) as Disposable;
    t.ok(guest.guest.resourceBytes > 0);
    bucket[Symbol.dispose]();
    bucket[Symbol.dispose]();
    t.equal(guest.guest.resourceBytes, 0);
    guest.guest.resourceBytes = 32 * 1024 * 1024 - 10_000;
    const opened = async (): Promise<void> => {
      for (let count = 0; count < 100; count += 1) await open(guest);
    };
    await t.rejects(opened(), { name: 'RuntimeError' }, 'a hoard ends the instance');
    t.match(guest.guest.endReason, { kind: 'rule' });
  });
}

const ATOMICS = 'wasi:keyvalue/atomics@0.2.0-draft2';
const STORE = 'wasi:keyvalue/store@0.2.0-draft2';

t.test(
  'of handles for one state one swap is done; the others get a handle to go on with',
  async (t) => {
    const guest = openKeyvalueGuest();
    const { call } = guest;
    const bucket = await call(STORE, 'open', 'default');
    const make = (): Promise<unknown> => call(ATOMICS, '[static]cas.new', bucket, 'k');
    const [first, second] = [await make(), await make()];
    t.equal(await call(ATOMICS, '[method]cas.current', first), undefined);
    t.equal(await call(ATOMICS, 'swap', first, bytes('1')), undefined);
    const failed = (await errorOf(call(ATOMICS, 'swap', second, bytes('2')))) as {
      tag: string;
      val: unknown;
    };
    t.equal(failed.tag, 'cas-failed');
    t.same(await call(ATOMICS, '[method]cas.current', failed.val), bytes('1'));
    t.equal(await call(ATOMICS, 'swap', failed.val, bytes('2')), undefined, 'the new handle works');
    t.same(await call(STORE, '[method]bucket.get', bucket, 'k'), bytes('2'));
    const third = await make();
    await call(STORE, '[method]bucket.set', bucket, 'k', bytes('2'));
    t.match(await errorOf(call(ATOMICS, 'swap', third, bytes('3'))), { tag: 'cas-failed' });
    const large = call(ATOMICS, 'swap', await make(), Buffer.alloc(2 ** 20 + 1));
    t.match(await errorOf(large), { tag: 'store-error', val: OTHER });
    guest.direct.isGone = true;
    t.match(await errorOf(make()), OTHER);
  },
);

t.test('appending by compare-and-swap loses nothing', async (t) => {
  const guest = openKeyvalueGuest();
  const { call } = guest;
  const bucket = await call(STORE, 'open', 'default');
  const append = async (text: string): Promise<void> => {
    let cas = await call(ATOMICS, '[static]cas.new', bucket, 'k');
    for (;;) {
      const value = (await call(ATOMICS, '[method]cas.current', cas)) as Uint8Array | undefined;
      const longer = Buffer.concat([value ?? bytes(''), bytes(text)]);
      const failed = await call(ATOMICS, 'swap', cas, longer).catch(
        (error: { payload: { val: unknown } }) => error.payload.val,
      );
      if (failed === undefined) return;
      cas = failed;
    }
  };
  await Promise.all(Array.from('abcdefghij', (letter) => append(letter)));
  const value = (await call(STORE, '[method]bucket.get', bucket, 'k')) as Uint8Array;
  t.equal(Buffer.from(value).toString().split('').sort().join(''), 'abcdefghij');
});

t.test('extras: expiry, metadata, prefixes and swaps by revision', async (t) => {
  const EXTRAS = 'faas:keyvalue/extras@0.1.0';
  const guest = openKeyvalueGuest();
  const { clock } = guest.direct;
  const bucket = await guest.call(STORE, 'open', 'default');
  const call = (name: string, ...values: unknown[]): Promise<unknown> =>
    guest.call(EXTRAS, name, bucket, ...values);
  const plain = { ttlMs: undefined, metadata: undefined };
  const revision = await call('set', 'a/1', bytes('v'), { ttlMs: 1000n, metadata: 'm' });
  t.type(revision, 'bigint');
  const expiresAtMs = BigInt(clock.nowMs + 1000);
  t.same(await call('get', 'a/1'), { value: bytes('v'), metadata: 'm', expiresAtMs, revision });
  await call('set', 'a/2', bytes('vv'), { ttlMs: 2n ** 64n - 1n, metadata: undefined });
  await call('set', 'b/1', bytes(''), plain);
  const page = (await call('list-keys', 'a/', undefined, 1)) as { cursor: string };
  t.match(page, { keys: [{ key: 'a/1', size: 1n, metadata: 'm', expiresAtMs }], cursor: 'a/1' });
  t.match(await call('list-keys', 'a/', page.cursor, 0xffff_ffff), {
    keys: [{ key: 'a/2', size: 2n, metadata: undefined }],
    cursor: undefined,
  });
  clock.nowMs += 1000;
  t.equal(await call('get', 'a/1'), undefined);
  const swap = (key: string, wanted: bigint | undefined): Promise<unknown> =>
    call('compare-and-swap', key, wanted, bytes('x'), plain);
  t.match(await swap('a/1', undefined), { tag: 'swapped' }, 'what has expired is not there');
  t.match(await swap('a/1', undefined), { tag: 'changed', val: { value: bytes('x') } });
  t.match(await swap('a/1', revision as bigint), { tag: 'changed' });
  for (const wanted of [0n, 2n ** 64n - 1n]) {
    t.same(await swap('none', wanted), { tag: 'changed', val: undefined }, `${wanted}`);
  }
  const entry = (await call('get', 'a/1')) as { revision: bigint };
  t.match(await swap('a/1', entry.revision), { tag: 'swapped' });
  t.match(await errorOf(call('set', 'k', bytes('v'), { ttlMs: 0n, metadata: undefined })), OTHER);
  const metadata = 'm'.repeat(2000);
  t.match(await errorOf(call('set', 'k', bytes('v'), { ttlMs: undefined, metadata })), OTHER);
  t.match(await errorOf(call('list-keys', 'x'.repeat(5000), undefined, 1)), OTHER);
});

t.test('errors that tell of the host are not for guests', async (t) => {
  const { guest, call, direct } = openKeyvalueGuest();
  const bucket = await call(STORE, 'open', 'default');
  direct.driver.close();
  t.same(await errorOf(call(STORE, '[method]bucket.get', bucket, 'k')), {
    tag: 'other',
    val: 'Cannot use the key-value stores',
  });
  guest.endNow({ kind: 'timeout' });
  await t.rejects(call(STORE, '[method]bucket.get', bucket, 'k'), { name: 'RuntimeError' });
});
