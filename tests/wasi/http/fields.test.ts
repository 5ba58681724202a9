import t from 'tap';
import { WitError } from '../../../host/component/host-interface.ts';
import { Fields } from '../../../host/wasi/http/fields.ts';
import type { Field } from '../../../host/wasi/ports.ts';
import { TestGuest } from '../test-guest.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const texts = (values: readonly Uint8Array[]): string[] => values.map((value) => String(value));
const written = (fields: Fields): string[] =>
  fields.entries().map(([name, value]) => `${name}: ${Buffer.from(value).toString('latin1')}`);

function errorOf(action: () => unknown): unknown {
  try {
    action();
    return 'no error';
  } catch (error) {
    return error instanceof WitError ? (error.payload as { tag: string }).tag : error;
  }
}

t.test('fields keep order and casing, and names match in any casing', async (t) => {
  const guest = new TestGuest();
  const fields = new Fields(guest);
  fields.append('X-One', bytes('1'));
  fields.append('Two', bytes('2'));
  fields.append('x-one', bytes(''));
  t.strictSame(written(fields), ['X-One: 1', 'Two: 2', 'x-one: ']);
  t.strictSame(texts(fields.get('X-ONE')), ['1', '']);
  t.ok(fields.has('tWO'));
  t.notOk(fields.has('three'));
  t.strictSame(fields.get('no name'), [], 'an invalid name has no values');
  t.notOk(fields.has(''));

  const copy = fields.clone();
  fields.set('TWO', [bytes('3'), bytes('4')]);
  t.strictSame(written(fields), ['X-One: 1', 'x-one: ', 'TWO: 3', 'TWO: 4']);
  fields.delete('x-One');
  fields.set('two', []);
  t.strictSame(written(fields), []);
  t.strictSame(written(copy), ['X-One: 1', 'Two: 2', 'x-one: '], 'a clone is a copy');
});

t.test('fields refuse what HTTP does not allow and what belongs to the host', async (t) => {
  const guest = new TestGuest();
  const table: readonly [name: string, value: string, error: string][] = [
    ['', '', 'invalid-syntax'],
    ['a b', '', 'invalid-syntax'],
    ['a:', '', 'invalid-syntax'],
    ['a\r\nb', '', 'invalid-syntax'],
    ['ä', '', 'invalid-syntax'],
    ['a', 'x\r\nset-cookie: y', 'invalid-syntax'],
    ['a', 'x\0', 'invalid-syntax'],
    ['a', '\x1b[2J', 'invalid-syntax'],
    ['a', '\x7f', 'invalid-syntax'],
    ['Host', 'x', 'forbidden'],
    ['Connection', 'close', 'forbidden'],
    ['transfer-encoding', 'chunked', 'forbidden'],
    ['Upgrade', 'x', 'forbidden'],
    ['te', 'trailers', 'no error'],
    ['a', 'tab\there', 'no error'],
    ['a', '\xe9\xff', 'no error'],
    ["!#$%&'*+-.^_`|~9Z", '', 'no error'],
  ];
  for (const [name, value, error] of table) {
    const label = JSON.stringify([name, value]);
    const fields = new Fields(guest);
    t.equal(
      errorOf(() => Fields.fromList(guest, [[name, bytes(value)]])),
      error,
      `list ${label}`,
    );
    t.equal(
      errorOf(() => fields.append(name, bytes(value))),
      error,
      `append ${label}`,
    );
    t.equal(
      errorOf(() => fields.set(name, [bytes(value)])),
      error,
      `set ${label}`,
    );
  }
  const fields = new Fields(guest);
  t.equal(
    errorOf(() => fields.delete('a b')),
    'invalid-syntax',
  );
  t.equal(
    errorOf(() => fields.delete('not-there')),
    'no error',
  );
});

t.test('immutable fields stay as they are; their clone can be changed', async (t) => {
  const guest = new TestGuest();
  const fields = new Fields(guest, [['a', bytes('1')]], true);
  t.equal(
    errorOf(() => fields.set('b', [])),
    'immutable',
  );
  t.equal(
    errorOf(() => fields.append('b', bytes(''))),
    'immutable',
  );
  t.equal(
    errorOf(() => fields.delete('a')),
    'immutable',
  );
  const copy = fields.clone();
  copy.append('b', bytes('2'));
  t.strictSame(written(fields), ['a: 1']);
  t.strictSame(written(copy), ['a: 1', 'b: 2']);
});

t.test('one resource has bounds, and so has all that a guest holds', async (t) => {
  const guest = new TestGuest();
  const many = Array.from({ length: 1000 }, (_, index): Field => [`x-${index}`, bytes('')]);
  const full = Fields.fromList(guest, many);
  t.equal(
    errorOf(() => full.append('one-more', bytes(''))),
    'forbidden',
  );
  t.equal(
    errorOf(() => Fields.fromList(guest, [...many, ['y', bytes('')]])),
    'forbidden',
  );
  const large = new Uint8Array(120_000).fill(0x61);
  t.equal(
    errorOf(() => new Fields(guest).set('a', [large, large])),
    'forbidden',
  );

  for (let round = 0; round < 1000; round += 1) {
    Fields.fromList(guest, [['a', large]])[Symbol.dispose]();
  }
  t.equal(guest.endReason, undefined, 'what is dropped does not count');
  const held: Fields[] = [];
  t.throws(() => {
    for (;;) held.push(Fields.fromList(guest, [['a', large]]));
  });
  t.match(guest.endReason, { kind: 'rule', rule: /8388608 bytes/ });
  t.ok(held.length > 60 && held.length < 80, `held ${held.length}`);
});
