import t from 'tap';
import { BufferSource, CollectSink } from '../../host/wasi/memory-bytes.ts';

t.test('BufferSource gives its bytes in pieces and then the end', async (t) => {
  const source = new BufferSource(Buffer.from('abcde'));
  await source.ready();
  t.equal(String(source.take(3)), 'abc');
  t.equal(String(source.take(3)), 'de');
  t.equal(source.take(3), 'end');
  const closed = new BufferSource(Buffer.from('abc'));
  closed.close();
  t.equal(closed.take(1), 'end');
});

t.test('CollectSink keeps up to its limit and discards the rest, or fails', (t) => {
  const pieces: string[] = [];
  const onWrite = (bytes: Uint8Array): void => void pieces.push(String(bytes));
  const discarding = new CollectSink({ limitBytes: 5, beyond: 'discard', onWrite });
  for (const text of ['abc', 'def', 'g']) discarding.write(Buffer.from(text));
  t.equal(String(discarding.bytes()), 'abcde');
  t.equal(discarding.discardedBytes, 2);
  t.equal(discarding.failure, undefined);
  t.same(pieces, ['abc', 'de']);
  const failing = new CollectSink({ limitBytes: 5, beyond: 'fail' });
  failing.write(Buffer.from('abcde'));
  t.equal(failing.failure, undefined, 'exactly the limit is no failure');
  t.equal(failing.capacity, 1);
  failing.write(Buffer.from('f'));
  t.match(failing.failure, { message: 'more than 5 bytes were written' });
  t.equal(failing.capacity, 0);
  t.equal(String(failing.bytes()), 'abcde');
  t.end();
});

t.test('drain() makes room again, and close() shows the writer a closed sink', (t) => {
  const sink = new CollectSink({ limitBytes: 3, beyond: 'fail' });
  sink.write(Buffer.from('abc'));
  t.equal(String(sink.drain()), 'abc');
  t.equal(sink.keptBytes, 0);
  sink.write(Buffer.from('def'));
  t.equal(sink.failure, undefined);
  sink.close();
  sink.write(Buffer.from('g'));
  t.equal(sink.failure, 'closed');
  t.equal(String(sink.bytes()), 'def');
  t.end();
});
