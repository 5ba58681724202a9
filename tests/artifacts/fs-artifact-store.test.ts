import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, open, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { openFsArtifactStore } from '../../host/artifacts/fs-artifact-store.ts';
import { systemClock } from '../../host/base/clock.ts';
import { digestOf, type Digest } from '../../host/base/ids.ts';
import { killAfterLines, runInShell } from '../storage/child.ts';
import { pieces, testArtifactStore } from './artifact-store-suite.ts';

const CHILD = new URL('./write-forever.ts', import.meta.url);
const LIMIT = 10_000_000;
const options = { clock: systemClock };

testArtifactStore(t, (t, clock) => openFsArtifactStore(t.testdir(), { clock, graceMs: 1000 }));

t.test('open empties scratch and keeps artifacts and prepared artifacts', async (t) => {
  const directory = t.testdir({ scratch: { 'upload-1': 'half', work: { file: 'x' } } });
  const store = await openFsArtifactStore(directory, options);
  t.same(await readdir(join(directory, 'scratch')), []);
  const { digest } = await store.put(pieces(Buffer.from('bytes')), LIMIT, undefined);
  await store.putPrepared(digest, [{ name: 'a', bytes: new Uint8Array(1) }]);
  await store.openScratch();
  await store.close();
  const again = await openFsArtifactStore(directory, options);
  t.equal(await again.has(digest), true);
  t.equal((await again.loadPrepared(digest)).size, 1);
  t.same(await readdir(join(directory, 'scratch')), []);
});

t.test("files and folders are their owner's alone", async (t) => {
  const directory = t.testdir();
  const store = await openFsArtifactStore(directory, options);
  const { digest } = await store.put(pieces(Buffer.from('bytes')), LIMIT, undefined);
  t.equal((await stat(join(directory, 'artifacts'))).mode & 0o777, 0o700);
  t.equal((await stat(await store.pathOf(digest))).mode & 0o777, 0o600);
});

t.test('every failure of put() leaves scratch empty', async (t) => {
  const directory = t.testdir();
  const store = await openFsArtifactStore(directory, options);
  const bytes = Buffer.from('bytes');
  await t.rejects(store.put(pieces(bytes), 2, undefined));
  await t.rejects(store.put(pieces(bytes), LIMIT, digestOf(Buffer.from('other'))));
  const failing = async function* (): AsyncGenerator<Uint8Array> {
    yield bytes;
    throw new Error('client gone');
  };
  await t.rejects(store.put(failing(), LIMIT, undefined));
  await t.rejects(
    store.putPrepared(digestOf(bytes), [
      { name: 'a', bytes },
      { name: 'a', bytes },
    ]),
  );
  t.same(await readdir(join(directory, 'scratch')), []);
  t.same(await readdir(join(directory, 'artifacts')), []);
});

t.test('one flipped bit in an artifact is found, and a new upload mends it', async (t) => {
  const directory = t.testdir();
  const store = await openFsArtifactStore(directory, options);
  const bytes = randomBytes(1_500_000);
  const { digest } = await store.put(pieces(bytes), LIMIT, undefined);
  await flipBit(await store.pathOf(digest), 1_400_000);
  await t.rejects(store.load(digest), { code: 'artifact_corrupt' });
  await t.rejects(store.openFile(digest), { code: 'artifact_corrupt' });
  t.equal(await store.has(digest), true);
  t.equal(await store.isIntact(digest), false);
  await store.put(pieces(bytes), LIMIT, undefined);
  t.equal(await store.isIntact(digest), true);
  t.ok(bytes.equals(await store.load(digest)));
  await truncate(await store.pathOf(digest), 10);
  await t.rejects(store.load(digest), { code: 'artifact_corrupt' });
});

t.test('every damage to a prepared artifact is found, and putPrepared() mends it', async (t) => {
  const directory = t.testdir();
  const store = await openFsArtifactStore(directory, options);
  const key = digestOf(Buffer.from('key'));
  const path = join(directory, 'prepared', key.slice(7));
  // One that is read at once, and one that is not.
  for (const length of [1000, 3_000_000]) {
    const files = [
      { name: 'core0.wasm', bytes: randomBytes(length) },
      { name: 'glue.js', bytes: randomBytes(1000) },
    ];
    const damages: Record<string, () => Promise<void>> = {
      'a flipped bit': () => flipBit(path, length),
      'a flipped bit in the digest': () => flipBit(path, 3),
      'a flipped bit in the length of the list': () => flipBit(path, 34),
      'a flipped bit in the list': () => flipBit(path, 40),
      'a byte less': () => truncate(path, length),
      'no list': () => truncate(path, 33),
      nothing: () => truncate(path, 0),
      'a byte more': () => appendFile(path, 'x'),
      'something else': () => writeFile(path, 'text'),
      'a directory in its place': () => replaceByDirectory(path),
    };
    for (const [what, damage] of Object.entries(damages)) {
      await store.putPrepared(key, files);
      t.equal((await store.loadPrepared(key)).size, 2);
      await damage();
      await t.rejects(store.loadPrepared(key), { code: 'artifact_corrupt' }, what);
    }
    await store.putPrepared(key, files);
    const loaded = await store.loadPrepared(key);
    for (const { name, bytes } of files) t.same(Buffer.from(loaded.get(name) ?? []), bytes);
  }
});

t.test('collect() leaves alone what does not have the name of an artifact', async (t) => {
  const directory = t.testdir({ artifacts: { 'README.txt': 'mine' }, prepared: { notes: {} } });
  const store = await openFsArtifactStore(directory, options);
  t.equal(await store.collect({ artifacts: new Set(), prepared: new Set() }), 0);
  t.same(await readdir(join(directory, 'artifacts')), ['README.txt']);
});

t.test('a host killed during put() leaves nothing half-written', async (t) => {
  const directory = t.testdir();
  await killAfterLines(CHILD, [directory, 'stall'], 1);
  t.equal((await readdir(join(directory, 'scratch'))).length, 1, 'the crash left its upload');
  await openFsArtifactStore(directory, options);
  t.same(await readdir(join(directory, 'scratch')), []);
  t.same(await readdir(join(directory, 'artifacts')), []);
});

t.test('a host killed between puts keeps all it acknowledged and nothing damaged', async (t) => {
  const directory = t.testdir();
  for (const count of [1, 7, 20]) {
    const acknowledged = await killAfterLines(CHILD, [directory, 'put'], count);
    const store = await openFsArtifactStore(directory, options);
    for (const digest of acknowledged)
      t.equal((await store.load(digest as Digest)).length, 100_000);
    for (const name of await readdir(join(directory, 'artifacts'))) {
      await store.load(`sha256:${name}` as Digest);
    }
    t.same(await readdir(join(directory, 'scratch')), []);
  }
});

t.test(
  'a host killed during putPrepared() keeps all it acknowledged and nothing damaged',
  async (t) => {
    const directory = t.testdir();
    for (const count of [1, 4, 11]) {
      const acknowledged = await killAfterLines(CHILD, [directory, 'prepared'], count);
      const store = await openFsArtifactStore(directory, options);
      for (const key of acknowledged) t.equal((await store.loadPrepared(key as Digest)).size, 3);
      for (const name of await readdir(join(directory, 'prepared'))) {
        await store.loadPrepared(`sha256:${name}` as Digest);
      }
      t.same(await readdir(join(directory, 'scratch')), []);
    }
  },
);

t.test('a disk that takes no more is said to be full, and takes small things again', async (t) => {
  const limits = {
    // 512,000 bytes or 1 MB, depending on the shell's blocks.
    'file size limit': 'ulimit -f 1000; exec "$@"',
    'full file system':
      'unshare -rm sh -c \'mount -t tmpfs -o size=1m none "$3" && exec "$@"\' sh "$@"',
  };
  for (const [what, commandLine] of Object.entries(limits)) {
    const directory = t.testdir({ data: {} });
    const result = await runInShell(commandLine, CHILD, [join(directory, 'data'), 'once']);
    if (result.code !== 0 && what === 'full file system') {
      t.comment('mounting a file system is not allowed here');
      continue;
    }
    t.same(
      JSON.parse(result.output),
      { put: 'storage_full 507', prepared: 'storage_full 507', small: 'stored' },
      what,
    );
  }
});

t.test('open says that the folders cannot be made', async (t) => {
  const directory = join(t.testdir({ file: 'x' }), 'file');
  await t.rejects(openFsArtifactStore(directory, options), {
    code: 'storage_failed',
    fields: { reason: 'a part of its path is a file' },
  });
});

async function replaceByDirectory(path: string): Promise<void> {
  await rm(path);
  await mkdir(path);
}

async function flipBit(path: string, offset: number): Promise<void> {
  await using file = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, offset);
  byte.writeUInt8(byte.readUInt8() ^ 1);
  await file.write(byte, 0, 1, offset);
}
