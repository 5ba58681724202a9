import fc from 'fast-check';
import t from 'tap';
import { LineReader } from '../../host/links/line-reader.ts';

t.test('lines are the same, wherever the bytes are cut', (t) => {
  const text = fc.string({ unit: 'grapheme', maxLength: 20 }).map((s) => s.replaceAll('\n', ' '));
  fc.assert(
    fc.property(fc.array(text), fc.array(fc.nat(40)), (lines, cuts) => {
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      const reader = new LineReader(1000);
      const read: string[] = [];
      let start = 0;
      for (const cut of cuts) {
        read.push(...reader.push(bytes.subarray(start, start + cut)));
        start += cut;
      }
      read.push(...reader.push(bytes.subarray(start)));
      t.strictSame(read, lines);
    }),
    { numRuns: 200 },
  );
  t.end();
});

t.test('a character that comes in pieces is put together', (t) => {
  const reader = new LineReader(100);
  const bytes = Buffer.from('a€😀\n');
  const read = [...bytes].flatMap((byte) => reader.push(Buffer.from([byte])));
  t.strictSame(read, ['a€😀']);
  t.end();
});

t.test('a line may be as long as it may, and no longer', (t) => {
  const reader = new LineReader(8);
  t.strictSame(reader.push(Buffer.from('12345678\n1234')), ['12345678']);
  t.strictSame(reader.push(Buffer.from('5678\n')), ['12345678'], 'also in pieces');
  reader.push(Buffer.from('1234'));
  t.throws(() => reader.push(Buffer.from('56789')), RangeError, 'before its end has come');
  t.throws(() => new LineReader(8).push(Buffer.from('123456789\n')), RangeError);
  t.end();
});
