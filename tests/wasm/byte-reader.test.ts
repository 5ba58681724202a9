import t from 'tap';
import { HostError } from '../../host/base/errors.ts';
import { ByteReader } from '../../host/wasm/byte-reader.ts';
import { ByteWriter } from '../../host/wasm/byte-writer.ts';

const reader = (...bytes: number[]): ByteReader => new ByteReader(new Uint8Array(bytes));

t.test('u32() reads what the specification calls an unsigned 32-bit number', (t) => {
  const cases: [bytes: number[], value: number | undefined][] = [
    [[0x00], 0],
    [[0x7f], 127],
    [[0x80, 0x01], 128],
    [[0x80, 0x00], 0],
    [[0xe5, 0x8e, 0x26], 624_485],
    [[0xff, 0xff, 0xff, 0xff, 0x0f], 0xffff_ffff],
    [[0x80, 0x80, 0x80, 0x80, 0x00], 0],
    [[0xff, 0xff, 0xff, 0xff, 0x1f], undefined],
    [[0x80, 0x80, 0x80, 0x80, 0x80, 0x00], undefined],
    [[0x80], undefined],
    [[], undefined],
  ];
  for (const [bytes, value] of cases) {
    const name = Buffer.from(bytes).toString('hex');
    if (value === undefined)
      t.throws(() => reader(...bytes).u32(), { code: 'malformed_wasm' }, name);
    else t.equal(reader(...bytes).u32(), value, name);
  }
  t.end();
});

t.test('s33() and u64() read their extremes and refuse what is longer', (t) => {
  t.equal(reader(0x40).s33(), -64);
  t.equal(reader(0x7f).s33(), -1);
  t.equal(reader(0xff, 0xff, 0xff, 0xff, 0x0f).s33(), 0xffff_ffff);
  t.throws(() => reader(0x80, 0x80, 0x80, 0x80, 0x80, 0x00).s33(), { code: 'malformed_wasm' });
  t.equal(reader(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x04).u64(), 2 ** 44);
  t.throws(() => reader(...Array.from({ length: 9 }, () => 0xff), 0x01).u64(), {
    message: /below 2\^53/,
  });
  t.end();
});

t.test('what the writer writes, the reader reads', (t) => {
  for (const value of [0, 1, 127, 128, 16_383, 16_384, 2 ** 28, 2 ** 31, 2 ** 32 - 1]) {
    const writer = new ByteWriter(1);
    writer.unsigned(value);
    writer.name('wasi:http/types@0.2.3 ☂');
    const reader = new ByteReader(writer.finish());
    t.equal(reader.u32(), value);
    t.equal(reader.name(), 'wasi:http/types@0.2.3 ☂');
    t.equal(reader.done, true);
  }
  t.end();
});

t.test('names keep a byte order mark and must be UTF-8', (t) => {
  t.equal(reader(4, 0xef, 0xbb, 0xbf, 0x61).name(), '\ufeffa');
  t.throws(() => reader(1, 0xff).name(), { code: 'malformed_wasm' });
  t.throws(() => reader(3, 0xed, 0xa0, 0x80).name(), { code: 'malformed_wasm' }, 'a surrogate');
  t.throws(() => reader(200, 0x61).name(), { code: 'malformed_wasm' }, 'longer than what is there');
  t.end();
});

t.test('errors name what was expected and the offset in the uploaded file', (t) => {
  const nested = new ByteReader(new Uint8Array([1, 2, 3]), 0, 3, 1000);
  nested.skip(3, 'something');
  try {
    nested.u8();
    t.fail('there is no fourth byte');
  } catch (error) {
    t.ok(error instanceof HostError);
    t.match(error, { code: 'malformed_wasm', fields: { offset: 1003, expected: 'another byte' } });
  }
  t.end();
});
