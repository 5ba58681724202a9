import t from 'tap';
import { WitError } from '../../host/component/host-interface.ts';
import { wasiCliStdin } from '../../host/wasi/cli/stdin.ts';
import { IoError } from '../../host/wasi/io/error.ts';
import { InputStream } from '../../host/wasi/io/input-stream.ts';
import { OutputStream } from '../../host/wasi/io/output-stream.ts';
import { BufferSource, CollectSink } from '../../host/wasi/memory-bytes.ts';
import { SlowSink } from './slow-sink.ts';
import { SlowSource } from './slow-source.ts';
import { TestGuest } from './test-guest.ts';
import { witError } from './wit-error.ts';

const CLOSED = witError({ tag: 'closed' });
const FAILED = witError({ tag: 'last-operation-failed' });

t.test('read() gives what is there, at most 64 KiB, and then "closed"', (t) => {
  const stream = new InputStream(new TestGuest(), new BufferSource(new Uint8Array(70_000)));
  t.equal(stream.read(0n).length, 0, 'nothing is asked for');
  t.equal(stream.read(10n).length, 10);
  t.equal(stream.skip(5n), 5n);
  t.equal(stream.read(2n ** 64n - 1n).length, 65_521, 'what was taken ahead comes first');
  t.equal(stream.read(2n ** 64n - 1n).length, 4464);
  t.throws(() => stream.read(1n), CLOSED);
  t.throws(() => stream.read(0n), CLOSED, 'also when nothing is asked for');
  t.end();
});

t.test('blockingRead() returns at once if bytes are there, and waits otherwise', async (t) => {
  const source = new SlowSource();
  const stream = new InputStream(new TestGuest(), source);
  source.push('abc');
  t.same(stream.blockingRead(10n), Buffer.from('abc'));
  t.equal(stream.read(10n).length, 0, 'read() never waits');
  const waiting = stream.blockingRead(2n);
  t.ok(waiting instanceof Promise);
  source.push('def');
  t.equal(String(await waiting), 'de');
  const skipped = stream.blockingSkip(8n);
  t.equal(skipped, 1n);
  const last = t.rejects(Promise.resolve(stream.blockingRead(1n)), CLOSED);
  source.end();
  await last;
});

t.test('a failed source is shown once, with the cause kept for the host', (t) => {
  const source = new SlowSource();
  const stream = new InputStream(new TestGuest(), source);
  const cause = new Error('the client left');
  source.fail(cause);
  t.ok(stream.subscribe().ready(), 'a failure is something to read');
  try {
    stream.read(1n);
    t.fail('did not throw');
  } catch (error) {
    const { val } = (error as WitError<{ tag: string; val: IoError }>).payload;
    t.ok(val instanceof IoError);
    t.equal(val.toDebugString(), 'the client left');
    t.equal(val.cause, cause);
  }
  t.throws(() => stream.read(1n), CLOSED);
  t.end();
});

t.test('a pollable takes nothing from the stream', async (t) => {
  const source = new SlowSource();
  const stream = new InputStream(new TestGuest(), source);
  const pollable = stream.subscribe();
  t.equal(pollable.ready(), false);
  const blocked = pollable.block();
  source.push('abc');
  await blocked;
  t.equal(pollable.ready(), true);
  t.equal(String(stream.read(10n)), 'abc');
  t.equal(pollable.ready(), false);
  stream[Symbol.dispose]();
  t.ok(source.closed, 'dropping the stream closes the source');
  t.equal(pollable.ready(), true, 'a pollable that outlives its stream waits for nothing');
});

t.test('streams over one stdin lose nothing to each other', (t) => {
  const guest = new TestGuest({ stdin: new BufferSource(Buffer.from('abcdef')) });
  const open = (): InputStream => wasiCliStdin.functions['get-stdin']?.(guest) as InputStream;
  const first = open();
  t.equal(String(first.read(2n)), 'ab');
  first[Symbol.dispose]();
  t.equal(String(open().read(10n)), 'cdef');
  t.end();
});

t.test('write() takes what checkWrite() permitted, and ends the guest for more', (t) => {
  const guest = new TestGuest();
  const sink = new CollectSink({ limitBytes: 10, beyond: 'fail' });
  const stream = new OutputStream(guest, sink);
  t.throws(() => stream.write(Buffer.from('a')), WebAssembly.RuntimeError, 'no permit yet');
  t.match(guest.endReason, { kind: 'rule', rule: /permitted 0/ });
  t.equal(stream.checkWrite(), 11n);
  stream.write(Buffer.from('abc'));
  stream.writeZeroes(2n);
  t.throws(() => stream.writeZeroes(7n), WebAssembly.RuntimeError);
  t.throws(() => stream.writeZeroes(2n ** 64n - 1n), WebAssembly.RuntimeError);
  t.same(sink.bytes(), Buffer.from('abc\0\0'));
  t.end();
});

t.test('a sink beyond its limit fails once and is closed then', (t) => {
  const sink = new CollectSink({ limitBytes: 4, beyond: 'fail' });
  const stream = new OutputStream(new TestGuest(), sink);
  t.equal(stream.blockingWriteAndFlush(Buffer.from('abcd')), undefined);
  t.throws(() => stream.blockingWriteAndFlush(Buffer.from('e')), FAILED);
  t.throws(() => stream.checkWrite(), CLOSED);
  t.ok(stream.subscribe().ready());
  t.equal(String(sink.bytes()), 'abcd');
  t.end();
});

t.test(
  'blockingWriteAndFlush() waits for room in pieces, and until all is handed over',
  async (t) => {
    const sink = new SlowSink(3);
    const stream = new OutputStream(new TestGuest(), sink);
    let done = false;
    const writing = Promise.resolve(stream.blockingWriteAndFlush(Buffer.from('abcdefgh'))).then(
      () => (done = true),
    );
    for (const expected of ['abc', 'def', 'gh']) {
      await sink.untilWritten();
      t.notOk(done);
      t.equal(sink.handOver(), expected);
    }
    await writing;
    t.equal(sink.pending, 0);
  },
);

t.test('blocking writes of more than 4096 bytes break a rule', (t) => {
  const guest = new TestGuest();
  const stream = new OutputStream(guest, guest.stdout);
  t.throws(() => stream.blockingWriteAndFlush(new Uint8Array(4097)), WebAssembly.RuntimeError);
  t.throws(() => stream.blockingWriteZeroesAndFlush(4097n), WebAssembly.RuntimeError);
  t.match(guest.endReason, { kind: 'rule', rule: /at most 4096/ });
  t.end();
});

t.test('flush() accepts nothing until it is done', async (t) => {
  const sink = new SlowSink(10);
  const stream = new OutputStream(new TestGuest(), sink);
  t.equal(stream.checkWrite(), 10n);
  stream.write(Buffer.from('abc'));
  stream.flush();
  t.equal(stream.checkWrite(), 0n);
  const pollable = stream.subscribe();
  t.equal(pollable.ready(), false);
  const flushed = stream.blockingFlush();
  sink.handOver();
  await flushed;
  t.equal(pollable.ready(), true);
  t.equal(stream.checkWrite(), 10n);
});

t.test('what was permitted before a flush is not permitted after it', (t) => {
  const stream = new OutputStream(new TestGuest(), new SlowSink(10));
  t.equal(stream.checkWrite(), 10n);
  stream.write(Buffer.from('abc'));
  stream.flush();
  t.throws(() => stream.write(Buffer.from('d')), WebAssembly.RuntimeError);
  t.end();
});

t.test('a sink that closes ends a wait with "closed"', async (t) => {
  const sink = new SlowSink(3);
  const stream = new OutputStream(new TestGuest(), sink);
  const waiting = t.rejects(
    Promise.resolve(stream.blockingWriteAndFlush(Buffer.from('abcdef'))),
    CLOSED,
  );
  sink.close();
  await waiting;
});

t.test('two streams permitted the same room both write, in order', async (t) => {
  const guest = new TestGuest();
  const sink = new SlowSink(4);
  const first = new OutputStream(guest, sink);
  const second = new OutputStream(guest, sink);
  t.equal(first.checkWrite(), 4n);
  t.equal(second.checkWrite(), 4n);
  first.write(Buffer.from('abc'));
  second.write(Buffer.from('defg'));
  t.equal(second.checkWrite(), 0n, 'a rest is still to be written');
  t.equal(sink.handOver(), 'abcd');
  await sink.untilWritten();
  t.equal(sink.handOver(), 'efg');
  await second.blockingFlush();
  t.equal(second.checkWrite(), 4n);
});

t.test('splice() moves what is there, blockingSplice() waits for both sides', async (t) => {
  const guest = new TestGuest();
  const source = new SlowSource();
  const sink = new SlowSink(4);
  const input = new InputStream(guest, source);
  const output = new OutputStream(guest, sink);
  t.equal(output.splice(input, 10n), 0n);
  const waiting = output.blockingSplice(input, 10n);
  t.ok(waiting instanceof Promise);
  source.push('abcdef');
  t.equal(await waiting, 4n);
  const next = output.blockingSplice(input, 10n);
  t.equal(sink.handOver(), 'abcd');
  t.equal(await next, 2n);
  source.end();
  t.throws(() => output.splice(input, 1n), CLOSED);
});

t.test('a wait ends with the invocation', async (t) => {
  const guest = new TestGuest();
  const stream = new InputStream(guest, new SlowSource());
  const waiting = t.rejects(Promise.resolve(stream.blockingRead(1n)), WebAssembly.RuntimeError);
  guest.endNow({ kind: 'timeout' });
  await waiting;
});
