import t from 'tap';
import { digestOf } from '../../host/base/ids.ts';
import { WitError } from '../../host/component/host-interface.ts';
import type { SnapshotFile } from '../../host/registry/model.ts';
import { Descriptor } from '../../host/wasi/filesystem/descriptor.ts';
import { wasiFilesystemPreopens } from '../../host/wasi/filesystem/preopens.ts';
import { buildSnapshotTree, type SnapshotTree } from '../../host/wasi/filesystem/snapshot-tree.ts';
import { wasiFilesystemTypes } from '../../host/wasi/filesystem/types.ts';
import { IoError } from '../../host/wasi/io/error.ts';
import { openerOf, type OpenCount } from './stored-bytes.ts';
import { TestGuest } from './test-guest.ts';
import { witError } from './wit-error.ts';

const LARGE = Buffer.alloc(150_000, 'large ');
const CONTENTS = [Buffer.from('hello'), LARGE, Buffer.from('')] as const;

t.test('paths are resolved inside the preopened directory only', (t) => {
  const data = openData();
  for (const path of [
    'a.txt',
    './a.txt',
    'sub/../a.txt',
    'sub/deep/../../a.txt',
    'sub//../a.txt',
  ]) {
    t.ok(open(data, path).isSameObject(open(data, 'a.txt')), path);
    t.same(open(data, path).metadataHash(), data.metadataHashAt({}, 'a.txt'), path);
  }
  t.ok(open(data, '.').isSameObject(data));
  t.ok(open(data, 'sub/').getType() === 'directory');
  const refused: [path: string, code: string][] = [
    ['..', 'not-permitted'],
    ['../data/a.txt', 'not-permitted'],
    ['sub/../../data', 'not-permitted'],
    ['/data/a.txt', 'not-permitted'],
    ['/', 'not-permitted'],
    ['', 'no-entry'],
    ['absent', 'no-entry'],
    ['absent/../a.txt', 'no-entry'],
    ['constructor', 'no-entry'],
    ['a.txt\0', 'no-entry'],
    ['a.txt/', 'not-directory'],
    ['a.txt/..', 'not-directory'],
    [`${'./'.repeat(3000)}a.txt`, 'name-too-long'],
  ];
  for (const [path, code] of refused) {
    t.throws(() => open(data, path), witError(code), JSON.stringify(path.slice(0, 40)));
    t.throws(() => data.statAt({}, path), witError(code));
  }
  const sub = open(data, 'sub');
  t.throws(() => open(sub, '../a.txt'), witError('not-permitted'), 'a directory is a root too');
  t.end();
});

t.test('stat() and get-flags describe what was uploaded', (t) => {
  const data = openData();
  t.match(data.statAt({}, 'a.txt'), {
    type: 'regular-file',
    linkCount: 1n,
    size: 5n,
    dataModificationTimestamp: { seconds: 1n, nanoseconds: 500_000_000 },
  });
  t.match(data.stat(), { type: 'directory', size: 0n });
  t.same(open(data, 'a.txt').getFlags(), { read: true });
  t.notSame(data.metadataHashAt({}, 'a.txt'), data.metadataHashAt({}, 'sub/empty'));
  t.end();
});

t.test('read() gives pieces with the end marked', async (t) => {
  const data = openData();
  const file = open(data, 'a.txt');
  t.same(await file.read(3n, 0n), [Buffer.from('hel'), false]);
  t.same(await file.read(2n ** 64n - 1n, 3n), [Buffer.from('lo'), true]);
  t.same(await file.read(1n, 2n ** 64n - 1n), [new Uint8Array(0), true]);
  t.same(await file.read(0n, 0n), [new Uint8Array(0), false]);
  const [bytes, end] = await open(data, 'sub/deep/large').read(1n << 40n, 0n);
  t.equal(bytes.length, 65_536, 'no call brings more than 64 KiB');
  t.equal(end, false);
  t.throws(() => data.read(1n, 0n), witError('is-directory'));
});

t.test('read-via-stream gives the whole file from an offset', async (t) => {
  const stream = open(openData(), 'sub/deep/large').readViaStream(6n);
  const chunks: Uint8Array[] = [];
  try {
    for (;;) chunks.push(await stream.blockingRead(100_000n));
  } catch (error) {
    t.same((error as WitError<unknown>).payload, { tag: 'closed' });
  }
  t.ok(Buffer.concat(chunks).equals(LARGE.subarray(6)));
  const beyond = open(openData(), 'a.txt').readViaStream(2n ** 64n - 1n);
  t.throws(() => beyond.blockingRead(1n), witError({ tag: 'closed' }));
});

t.test('a guest may hold some hundred file streams, and any number one after the other', (t) => {
  const guest = new TestGuest({ preopens: exampleTree().preopens });
  const file = open(directoriesOf(guest)[0]?.[0] ?? openData(), 'a.txt');
  for (let opened = 0; opened < 2000; opened += 1) file.readViaStream(0n)[Symbol.dispose]();
  for (let opened = 0; opened < 400; opened += 1) file.readViaStream(0n);
  t.equal(guest.endReason, undefined);
  t.throws(() => {
    for (let opened = 0; opened < 400; opened += 1) file.readViaStream(0n);
  }, WebAssembly.RuntimeError);
  t.match(guest.endReason, { kind: 'rule' });
  t.end();
});

t.test('read-directory lists entries one by one', (t) => {
  const entries = openData().readDirectory();
  const listed = [entries.readDirectoryEntry(), entries.readDirectoryEntry()];
  t.same(listed, [
    { type: 'regular-file', name: 'a.txt' },
    { type: 'directory', name: 'sub' },
  ]);
  t.equal(entries.readDirectoryEntry(), undefined);
  t.equal(entries.readDirectoryEntry(), undefined);
  t.throws(() => open(openData(), 'a.txt').readDirectory(), witError('not-directory'));
  t.end();
});

t.test('whatever would change something answers "read-only"', (t) => {
  const data = openData();
  const READ_ONLY = witError('read-only');
  const attempts: [openFlags: object, flags: object][] = [
    [{ create: true }, { read: true }],
    [{ truncate: true }, { read: true }],
    [{}, { write: true }],
    [{}, { mutateDirectory: true }],
  ];
  for (const [openFlags, flags] of attempts) {
    t.throws(() => data.openAt({}, 'a.txt', openFlags, flags), READ_ONLY);
  }
  t.throws(() => data.openAt({}, 'a.txt', { directory: true }, {}), witError('not-directory'));
  const mutations = [
    'writeViaStream',
    'appendViaStream',
    'write',
    'setSize',
    'setTimes',
    'setTimesAt',
    'createDirectoryAt',
    'removeDirectoryAt',
    'linkAt',
    'symlinkAt',
    'renameAt',
    'unlinkFileAt',
  ] as const;
  for (const mutation of mutations) t.throws(() => data[mutation](), READ_ONLY, mutation);
  t.throws(() => data.readlinkAt('a.txt'), witError('invalid'));
  t.throws(() => data.readlinkAt('absent'), witError('no-entry'));
  data.sync();
  data.syncData();
  data.advise();
  t.end();
});

t.test('a file that cannot be read answers "io", and the host keeps the cause', async (t) => {
  const lost = buildSnapshotTree([fileOf('/data/lost', LARGE)], ['/data'], openerOf([]));
  const file = open(openData(lost), 'lost');
  await t.rejects(Promise.resolve(file.read(1n, 0n)), witError('io'));
  try {
    await file.readViaStream(0n).blockingRead(1n);
    t.fail('did not throw');
  } catch (error) {
    const { val } = (error as WitError<{ val: IoError }>).payload;
    t.equal(filesystemErrorCode(val), 'io');
    t.notMatch(val.toDebugString(), /sha256/, 'the guest sees no name of ours');
    t.match((val.cause as Error).cause, { message: /no file/ });
  }
  t.equal(filesystemErrorCode(new IoError('something else')), undefined);
  const wrongSize = { ...fileOf('/data/short', Buffer.from('hello')), size: 6 };
  const short = buildSnapshotTree([wrongSize], ['/data'], openerOf(CONTENTS));
  const shortFile = open(openData(short), 'short');
  await t.rejects(Promise.resolve(shortFile.read(9n, 0n)), witError('io'));
});

t.test('files are opened when read, few at a time, and closed with the tree', async (t) => {
  const contents = Array.from({ length: 10 }, (_, index) => Buffer.from(`file ${index}`));
  const files = contents.map((bytes, index) => fileOf(`/data/${index}`, bytes));
  const count: OpenCount = { now: 0, ever: 0 };
  const tree = buildSnapshotTree(files, ['/data'], openerOf(contents, count), 3);
  const data = openData(tree);
  t.equal(count.ever, 0, 'nothing is opened for the tree itself');
  await Promise.all(files.map(async (_, index) => await open(data, `${index}`).read(9n, 0n)));
  t.equal(count.ever, 10);
  t.equal(count.now, 3);
  t.same(await open(data, '9').read(9n, 0n), [Buffer.from('file 9'), true]);
  t.equal(count.ever, 10, 'what is still open is not opened again');
  t.same(await open(data, '0').read(9n, 0n), [Buffer.from('file 0'), true]);
  t.equal(count.ever, 11);
  const underWay = open(data, '1').read(9n, 0n);
  await Promise.all([tree.close(), tree.close()]);
  t.same(await underWay, [Buffer.from('file 1'), true], 'a read under way is finished');
  t.equal(count.now, 0);
  await t.rejects(Promise.resolve(open(data, '2').read(9n, 0n)), witError('io'));
});

t.test('the tree refuses paths that are not plain', (t) => {
  const bytes = Buffer.from('hello');
  const refused: [paths: string[], reason: RegExp][] = [
    [['data/a'], /not absolute/],
    [['/data/../etc/passwd'], /"\.\." is not a name/],
    [['/data/./a'], /"\." is not a name/],
    [['/data//a'], /empty/],
    [['/data/a/'], /empty/],
    [['/data/a\0b'], /not plain text/],
    [['/data/\ud800'], /not plain text/],
    [[`/data/${'n'.repeat(256)}`], /too long/],
    [[`/data/${'n/'.repeat(2048)}n`], /too long/],
    [['/other/a'], /below none/],
    [['/database/a'], /below none/],
    [['/data'], /below none/],
    [['/'], /it is a directory/],
    [['/data/a', '/data/a'], /listed twice/],
    [['/data/a', '/data/a/b'], /a part of it is a file/],
    [['/data/a/b', '/data/a'], /listed twice/],
  ];
  for (const [paths, reason] of refused) {
    const files = paths.map((path) => fileOf(path, bytes));
    const label = JSON.stringify(paths).slice(0, 60);
    t.throws(
      () => buildSnapshotTree(files, ['/data'], openerOf([bytes])),
      { code: 'invalid_snapshot_path', message: reason },
      label,
    );
  }
  const opener = openerOf([bytes]);
  t.throws(() => buildSnapshotTree([], ['/data', '/data'], opener), {
    code: 'invalid_snapshot_path',
  });
  t.throws(() => buildSnapshotTree([], ['/data/..'], opener), { code: 'invalid_snapshot_path' });
  t.throws(
    () => buildSnapshotTree([{ ...fileOf('/data/a', bytes), size: -1 }], ['/data'], opener),
    {
      code: 'invalid_snapshot_path',
    },
  );
  t.end();
});

t.test('a directory may lie in another one, and "/" is one', (t) => {
  const tree = buildSnapshotTree(
    [fileOf('/data/sub/a', LARGE)],
    ['/', '/data/sub', '/empty'],
    openerOf(CONTENTS),
  );
  t.same(
    tree.preopens.map(({ guestPath }) => guestPath),
    ['/', '/data/sub', '/empty'],
  );
  const [root, sub] = directoriesOf(new TestGuest({ preopens: tree.preopens }));
  if (root === undefined || sub === undefined) throw new Error('a directory is missing');
  t.ok(open(root[0], 'data/sub/a').isSameObject(open(sub[0], 'a')));
  t.same(root[0].metadataHashAt({}, 'data/sub/a'), sub[0].metadataHashAt({}, 'a'));
  t.equal(open(root[0], 'empty').readDirectory().readDirectoryEntry(), undefined);
  t.end();
});

function fileOf(path: string, bytes: Uint8Array): SnapshotFile {
  return { path, digest: digestOf(bytes), size: bytes.length, modifiedMs: 1500 };
}

function openData(tree: SnapshotTree = exampleTree()): Descriptor {
  const [first] = directoriesOf(new TestGuest({ preopens: tree.preopens }));
  if (first === undefined) throw new Error('there is no preopened directory');
  return first[0];
}

function exampleTree(): SnapshotTree {
  const files = [
    fileOf('/data/a.txt', CONTENTS[0]),
    fileOf('/data/sub/deep/large', CONTENTS[1]),
    fileOf('/data/sub/empty', CONTENTS[2]),
  ];
  return buildSnapshotTree(files, ['/data'], openerOf(CONTENTS));
}

function directoriesOf(guest: TestGuest): [Descriptor, string][] {
  return wasiFilesystemPreopens.functions['get-directories']?.(guest) as [Descriptor, string][];
}

function open(directory: Descriptor, path: string): Descriptor {
  return directory.openAt({}, path, {}, { read: true });
}

function filesystemErrorCode(error: IoError): unknown {
  return wasiFilesystemTypes.functions['filesystem-error-code']?.(new TestGuest(), error);
}
