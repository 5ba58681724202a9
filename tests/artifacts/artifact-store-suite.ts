/** What every driver of the artifact store port must do. */
import { randomBytes } from 'node:crypto';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import type { Test } from 'tap';
import type { ArtifactStore } from '../../host/artifacts/store.ts';
import type { Clock } from '../../host/base/clock.ts';
import { digestOf, type Digest } from '../../host/base/ids.ts';

const NOTHING: { artifacts: ReadonlySet<Digest>; prepared: ReadonlySet<Digest> } = {
  artifacts: new Set(),
  prepared: new Set(),
};
const LIMIT = 10_000_000;

/** A clock that moves when it is told to. */
export interface MovableClock extends Clock {
  advance(ms: number): void;
}

/** Bytes as a stream of pieces. */
export async function* pieces(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += size) {
    yield bytes.subarray(offset, offset + size);
  }
}

/**
 * Runs the suite.
 *
 * @param open Opens an empty store that reads the clock and keeps unreferenced things for 1,000 ms.
 */
export function testArtifactStore(
  t: Test,
  open: (t: Test, clock: Clock) => Promise<ArtifactStore>,
): void {
  const clock = createMovableClock();

  t.test('put() stores bytes that load(), pathOf() and openFile() give back', async (t) => {
    await using store = disposable(await open(t, clock));
    const bytes = randomBytes(3_000_001);
    const digest = digestOf(bytes);
    t.equal(await store.has(digest), false);
    t.equal(await store.sizeOf(digest), undefined);
    t.same(await store.put(pieces(bytes, 65_536), LIMIT, digest), { digest, bytes: bytes.length });
    t.equal(await store.has(digest), true);
    t.equal(await store.sizeOf(digest), bytes.length);
    t.ok(bytes.equals(await store.load(digest)));
    t.ok(bytes.equals(await readFile(await store.pathOf(digest))));
    const file = await store.openFile(digest);
    t.equal(file.size, bytes.length);
    t.ok(bytes.subarray(10, 2_000_010).equals(await file.read(10, 2_000_000)));
    t.equal((await file.read(bytes.length - 5, 100)).length, 5, 'fewer at the end');
    t.equal((await file.read(bytes.length + 5, 100)).length, 0, 'none past the end');
    await file.close();
    await file.close();
  });

  t.test('put() stores no bytes at all', async (t) => {
    await using store = disposable(await open(t, clock));
    const digest = digestOf(new Uint8Array());
    await store.put(pieces(new Uint8Array()), 0, undefined);
    t.equal((await store.load(digest)).length, 0);
    const file = await store.openFile(digest);
    t.equal((await file.read(0, 10)).length, 0);
  });

  t.test('put() refuses too many bytes without asking for the rest', async (t) => {
    await using store = disposable(await open(t, clock));
    let asked = 0;
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) {
        asked += 1;
        yield new Uint8Array(1000);
      }
    };
    await t.rejects(store.put(endless(), 2500, undefined), {
      code: 'artifact_too_large',
      status: 413,
    });
    t.equal(asked, 3);
    await store.put(pieces(new Uint8Array(2500)), 2500, undefined);
  });

  t.test('put() refuses bytes that do not have the expected digest', async (t) => {
    await using store = disposable(await open(t, clock));
    const sent = Buffer.from('sent');
    const named = digestOf(Buffer.from('named'));
    await t.rejects(store.put(pieces(sent), LIMIT, named), {
      code: 'digest_mismatch',
      status: 400,
    });
    t.equal(await store.has(named), false);
    t.equal(await store.has(digestOf(sent)), false);
  });

  t.test('put() passes on the failure of its source', async (t) => {
    await using store = disposable(await open(t, clock));
    const gone = new Error('client gone');
    const source = async function* (): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
      throw gone;
    };
    const error = await store.put(source(), LIMIT, undefined).catch((error: unknown) => error);
    t.equal(error, gone);
  });

  t.test('put() of the same bytes by many at once succeeds for all', async (t) => {
    await using store = disposable(await open(t, clock));
    const bytes = randomBytes(20_000);
    const results = await Promise.all(
      Array.from({ length: 20 }, () => store.put(pieces(bytes), LIMIT, undefined)),
    );
    t.equal(new Set(results.map(({ digest }) => digest)).size, 1);
    t.ok(bytes.equals(await store.load(digestOf(bytes))));
  });

  t.test('what was never stored is unknown', async (t) => {
    await using store = disposable(await open(t, clock));
    const digest = digestOf(Buffer.from('never'));
    await t.rejects(store.load(digest), { code: 'unknown_artifact', status: 404 });
    await t.rejects(store.pathOf(digest), { code: 'unknown_artifact' });
    await t.rejects(store.openFile(digest), { code: 'unknown_artifact' });
    await t.rejects(store.loadPrepared(digest), { code: 'unknown_prepared' });
    t.equal(await store.isIntact(digest), false);
  });

  t.test('putPrepared() stores files that loadPrepared() gives back', async (t) => {
    await using store = disposable(await open(t, clock));
    const key = digestOf(Buffer.from('key'));
    const files = [
      { name: 'core0.wasm', bytes: randomBytes(2_000_000) },
      { name: 'empty.js', bytes: new Uint8Array() },
    ];
    await Promise.all(Array.from({ length: 5 }, () => store.putPrepared(key, files)));
    await store.putPrepared(key, files);
    const loaded = await store.loadPrepared(key);
    t.same([...loaded.keys()].sort(), ['core0.wasm', 'empty.js']);
    for (const { name, bytes } of files)
      t.ok(Buffer.from(bytes).equals(loaded.get(name) ?? Buffer.of(1)));
  });

  t.test('putPrepared() refuses unsafe names and stores nothing', async (t) => {
    await using store = disposable(await open(t, clock));
    const key = digestOf(Buffer.from('key'));
    const bytes = new Uint8Array(1);
    const names = ['../x', 'a/b', 'a\\b', '', '.', '..', '.hidden', 'a\0b', 'ä'];
    for (const name of [...names, 'x'.repeat(101), '__proto__']) {
      await t.rejects(
        store.putPrepared(key, [{ name, bytes }]),
        { code: 'unsafe_file_name' },
        name,
      );
    }
    const twice = [
      { name: 'a.js', bytes },
      { name: 'A.js', bytes },
    ];
    await t.rejects(store.putPrepared(key, twice), { code: 'unsafe_file_name' });
    await t.rejects(store.loadPrepared(key), { code: 'unknown_prepared' });
  });

  t.test(
    'openScratch() makes an empty directory and remove() deletes it with its content',
    async (t) => {
      await using store = disposable(await open(t, clock));
      const scratch = await store.openScratch();
      t.same(await readdir(scratch.path), []);
      await writeFile(join(scratch.path, 'file'), 'text');
      await scratch.remove();
      await t.rejects(readdir(scratch.path), { code: 'ENOENT' });
      await scratch.remove();
    },
  );

  t.test('collect() removes what is unreferenced and keeps the rest', async (t) => {
    await using store = disposable(await open(t, clock));
    const [kept, dropped] = [Buffer.from('kept'), Buffer.from('dropped')];
    for (const bytes of [kept, dropped]) {
      await store.put(pieces(bytes), LIMIT, undefined);
      await store.putPrepared(digestOf(bytes), [{ name: 'a', bytes }]);
    }
    const keep = { artifacts: new Set([digestOf(kept)]), prepared: new Set([digestOf(kept)]) };
    t.equal(await store.collect(keep), 0, 'a deployment may be about to refer to it');
    clock.advance(1001);
    t.equal(await store.collect(keep), 2);
    t.equal(await store.has(digestOf(kept)), true);
    t.equal((await store.loadPrepared(digestOf(kept))).size, 1);
    t.equal(await store.has(digestOf(dropped)), false);
    await t.rejects(store.loadPrepared(digestOf(dropped)), { code: 'unknown_prepared' });
  });

  t.test('collect() removes at once what was referenced before', async (t) => {
    await using store = disposable(await open(t, clock));
    const { digest } = await store.put(pieces(Buffer.from('bytes')), LIMIT, undefined);
    t.equal(await store.collect({ ...NOTHING, artifacts: new Set([digest]) }), 0);
    t.equal(await store.collect(NOTHING), 1);
  });

  t.test('collect() leaves an open file readable', async (t) => {
    await using store = disposable(await open(t, clock));
    const { digest } = await store.put(pieces(Buffer.from('bytes')), LIMIT, undefined);
    const file = await store.openFile(digest);
    clock.advance(1001);
    t.equal(await store.collect(NOTHING), 1);
    t.same(Buffer.from(await file.read(0, 5)), Buffer.from('bytes'));
  });

  t.test('collect() beside running puts loses nothing that was acknowledged', async (t) => {
    await using store = disposable(await open(t, clock));
    const writing = new AbortController();
    const collecting = (async () => {
      while (!writing.signal.aborted) await store.collect(NOTHING);
    })();
    const stored = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const bytes = Buffer.from(`artifact ${index % 20}`);
        const { digest } = await store.put(pieces(bytes), LIMIT, undefined);
        await store.putPrepared(digest, [{ name: 'a', bytes }]);
        return digest;
      }),
    );
    writing.abort();
    await collecting;
    for (const digest of stored) {
      t.ok((await store.load(digest)).length > 0);
      t.equal((await store.loadPrepared(digest)).size, 1);
    }
  });

  t.test('what has() promised and loadPrepared() gave stays beside a collection', async (t) => {
    await using store = disposable(await open(t, clock));
    const { digest } = await store.put(pieces(Buffer.from('bytes')), LIMIT, undefined);
    await store.putPrepared(digest, []);
    clock.advance(1001);
    const isThere = (): Promise<boolean> =>
      store.loadPrepared(digest).then(
        () => true,
        () => false,
      );
    const [, has, hasPrepared] = await Promise.all([
      store.collect(NOTHING),
      store.has(digest),
      isThere(),
    ]);
    t.equal(await store.has(digest), has);
    t.equal(await isThere(), hasPrepared);
  });

  t.test('close() closes open files and refuses more work', async (t) => {
    const store = await open(t, clock);
    const { digest } = await store.put(pieces(Buffer.from('bytes')), LIMIT, undefined);
    const file = await store.openFile(digest);
    await store.close();
    await store.close();
    await t.rejects(file.read(0, 1), { code: 'storage_failed' });
    await t.rejects(store.openFile(digest), { code: 'host_closing' });
    await t.rejects(store.put(pieces(Buffer.from('x')), LIMIT, undefined), {
      code: 'host_closing',
    });
  });

  t.test('put() takes Node streams', async (t) => {
    await using store = disposable(await open(t, clock));
    const stream = Readable.from([Buffer.from('ab'), Buffer.from('cd')]);
    const { digest } = await store.put(stream, LIMIT, undefined);
    t.equal(String(await buffer(Readable.from([await store.load(digest)]))), 'abcd');
  });
}

function createMovableClock(): MovableClock {
  let nowMs = 1_000_000;
  return {
    wallMs: () => nowMs,
    monotonicMs: () => nowMs,
    monotonicNs: () => BigInt(Math.round(nowMs * 1e6)),
    after: () => () => undefined,
    advance: (ms) => {
      nowMs += ms;
    },
  };
}

function disposable<T extends ArtifactStore>(store: T): T & AsyncDisposable {
  return Object.assign(store, { [Symbol.asyncDispose]: async () => store.close() });
}
