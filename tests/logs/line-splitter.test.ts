import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { LineSplitter } from '../../host/logs/line-splitter.ts';

function split(chunks: readonly Uint8Array[], maxLineBytes?: number): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((text) => lines.push(text), maxLineBytes);
  for (const chunk of chunks) splitter.write(chunk);
  splitter.end();
  return lines;
}

t.test('write() gives whole lines, and end() the one that was begun', async (t) => {
  t.same(split([Buffer.from('a\r\n\nb'), Buffer.from('c\n'), Buffer.from('last')]), [
    'a',
    '',
    'bc',
    'last',
  ]);
  t.same(split([Buffer.from('all\n')]), ['all'], 'no empty line after the last line end');
  t.same(split([]), []);
});

t.test('write() decodes UTF-8 across chunks and replaces what is none', async (t) => {
  const bytes = Buffer.from('grüße 👋\n');
  const pieces = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
  t.same(split(pieces), ['grüße 👋']);
  t.same(split([Buffer.from([0x61, 0xff, 0x62, 0x0a])]), ['a\ufffdb']);
  t.same(split([Buffer.from('\ufeffbom\n')]), ['\ufeffbom'], 'a byte order mark is text');
});

t.test('write() cuts long lines, never inside a character', async (t) => {
  t.same(split([Buffer.from('aaa👋b\nc')], 5), ['aaa', '👋b', 'c']);
  t.same(split([Buffer.from('12345678\n')], 4), ['1234', '5678']);
  t.same(split([Buffer.from('1234\n')], 4), ['1234'], 'a line that just fits stays one');
  const noise = Buffer.alloc(20, 0x80);
  t.equal(split([noise], 8).join('').length, 20, 'continuation bytes without a start still end');
});

t.test('how the bytes are cut into chunks changes nothing', async () => {
  const bytes = fc.array(fc.constantFrom(0x0a, 0x0d, 0x61, 0xc3, 0xa4, 0xf0, 0x9f, 0x91, 0x8b), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(bytes, fc.integer({ min: 1, max: 9 }), (values, size) => {
      const whole = Buffer.from(values);
      const pieces: Buffer[] = [];
      for (let at = 0; at < whole.length; at += size) pieces.push(whole.subarray(at, at + size));
      assert.deepEqual(split(pieces, 16), split([whole], 16));
    }),
    { numRuns: 300 },
  );
});
