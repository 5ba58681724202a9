import { deepStrictEqual } from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { WitError } from '../../../host/component/host-interface.ts';
import type { ValueType } from '../../../host/component/plan.ts';
import { valueOf, valueType } from './arbitrary-values.ts';
import { roundTrip } from './round-trip.ts';

/** What `g` returns or throws, in the form that a value has as a parameter. */
async function resultOf(type: ValueType, call: () => unknown): Promise<unknown> {
  if (type.kind !== 'result') return await call();
  try {
    return { tag: 'ok', val: await call() };
  } catch (error) {
    if (error instanceof WitError) return { tag: 'err', val: error.payload };
    throw error;
  }
}

t.test('values of random types come back as they went in', async (t) => {
  let types = 0;
  await fc.assert(
    fc.asyncProperty(
      valueType.chain((type) =>
        fc.record({
          type: fc.constant(type),
          values: fc.array(valueOf(type), { minLength: 1, maxLength: 8 }),
          encoding: fc.constantFrom('utf8' as const, 'utf16' as const, 'latin1+utf16' as const),
        }),
      ),
      async ({ type, values, encoding }) => {
        types += 1;
        const { g, given } = await roundTrip(type, encoding);
        for (const value of values) {
          const result = await resultOf(type, () => g(value));
          deepStrictEqual(given(), value);
          deepStrictEqual(result, value);
        }
      },
    ),
    { numRuns: 300 },
  );
  t.equal(types >= 300, true);
});

t.test('strings of every kind come back in every encoding', async (t) => {
  const texts = [
    '',
    'a',
    'é',
    'ÿ',
    '€',
    '\u{1F600}',
    '\uFEFFbom',
    '\uFFFD',
    'x'.repeat(5000),
    'é€'.repeat(3000),
    '\0',
  ];
  for (const encoding of ['utf8', 'utf16', 'latin1+utf16'] as const) {
    const { g } = await roundTrip({ kind: 'string' }, encoding);
    for (const text of texts) t.equal(await g(text), text, `${encoding} ${text.slice(0, 8)}`);
    t.equal(await g('\uD800'), '\uFFFD', `${encoding} half a surrogate pair`);
  }
});

t.test('memory that grows while values are lowered is read and written anew', async (t) => {
  const { g } = await roundTrip({ kind: 'list', element: { kind: 'string' } });
  const texts = Array.from({ length: 200 }, (_, index) => `${index}`.repeat(2000));
  t.strictSame(await g(texts), texts);
});
