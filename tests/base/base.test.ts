import t from 'tap';
import { CloseStack } from '../../host/base/closeable.ts';
import { HostError, toHostError } from '../../host/base/errors.ts';
import { digestOf, parseDigest, parseFunctionName, requestIdFrom } from '../../host/base/ids.ts';
import { SingleFlight } from '../../host/base/single-flight.ts';
import { formatDuration, formatSize, parseDuration, parseSize } from '../../host/base/units.ts';

t.test('HostError fills its message and keeps its cause', async (t) => {
  const cause = new Error('below');
  const error = new HostError('invalid_size', { value: '12 parsecs' }, { cause });
  t.equal(error.message, 'Cannot read the size "12 parsecs": it is not a number with a unit');
  t.match(error.toJSON(), { code: 'invalid_size', fix: /64MiB/ });
  t.equal(error.cause, cause);
  t.equal(toHostError(error), error);
  t.match(toHostError('a bare value'), { code: 'internal_error', status: 500 });
});

t.test(
  'CloseStack closes in reverse order, finishes every step and throws the first error',
  async (t) => {
    const order: number[] = [];
    const stack = new CloseStack();
    for (const number of [1, 2, 3]) {
      stack.defer(() => {
        order.push(number);
        if (number > 1) throw new Error(`step ${number}`);
      });
    }
    await t.rejects(stack.close(), { message: 'step 3' });
    t.strictSame(order, [3, 2, 1]);
    await t.rejects(
      stack.close(),
      { message: 'step 3' },
      'closing again gives the same and runs nothing',
    );
    t.strictSame(order, [3, 2, 1]);
  },
);

t.test('SingleFlight shares one run and forgets a failure', async (t) => {
  const flights = new SingleFlight<string, number>();
  let runs = 0;
  const task = async (): Promise<number> => {
    runs += 1;
    if (runs === 1) throw new Error('first');
    return runs;
  };
  const [first, second] = await Promise.allSettled([
    flights.run('a', task),
    flights.run('a', task),
  ]);
  t.match([first, second], [{ status: 'rejected' }, { status: 'rejected' }]);
  t.equal(runs, 1);
  t.equal(await flights.run('a', task), 2);
});

t.test('sizes and durations are read with their units and refused without', async (t) => {
  t.equal(parseSize('64MiB'), 64 * 2 ** 20);
  t.equal(parseSize('1.5kB'), 1500);
  t.equal(parseDuration('250ms'), 250);
  t.equal(parseDuration('1.5m'), 90_000);
  for (const text of ['64', 'MiB', '-1MiB', '1 parsec', '', '1e3B', '64mib']) {
    t.throws(() => parseSize(text), { code: 'invalid_size' }, text);
  }
  t.throws(() => parseDuration('10'), { code: 'invalid_duration' });
  t.equal(formatSize(64 * 2 ** 20), '64.0 MiB');
  t.equal(formatDuration(0.012), '12 µs');
  t.equal(formatDuration(3400), '3.4 s');
});

t.test('names and digests are refused unless they are exactly of their form', async (t) => {
  t.equal(parseFunctionName('my-app2'), 'my-app2');
  for (const name of ['', '..', 'a/b', 'A', '-a', 'a-', 'a_b', 'a'.repeat(64), 'a\n', 'ä']) {
    t.throws(() => parseFunctionName(name), { code: 'invalid_name' }, JSON.stringify(name));
  }
  const digest = digestOf(new Uint8Array([1]));
  t.equal(parseDigest(digest), digest);
  for (const text of ['sha256:', digest.toUpperCase(), `${digest}0`, '../../etc/passwd']) {
    t.throws(() => parseDigest(text), { code: 'invalid_digest' }, text);
  }
});

t.test('requestIdFrom() takes a plain id and replaces anything else', async (t) => {
  t.equal(requestIdFrom('abc-123'), 'abc-123');
  for (const header of [undefined, '', 'a b', 'a\nb', 'x'.repeat(129), 'ü']) {
    t.match(requestIdFrom(header), /^[0-9a-f]{32}$/);
  }
});
