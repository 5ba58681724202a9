import fc from 'fast-check';
import t from 'tap';
import { HostError } from '../../host/base/errors.ts';
import type { RequestId } from '../../host/base/ids.ts';
import {
  fromWireCall,
  fromWireResult,
  toWireCall,
  toWireResult,
} from '../../host/cluster/wire-call.ts';
import type { WireCall } from '../../host/cluster/worker-messages.ts';
import type { CallResult, PlainCall } from '../../host/invoke/collected-call.ts';

const sent = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

t.test('a call is the same on the other side, byte by byte', (t) => {
  const field = fc.tuple(fc.string(), fc.uint8Array({ maxLength: 20 }));
  const call = fc.record({
    requestId: fc.string() as fc.Arbitrary<RequestId>,
    clientAddress: fc.string(),
    method: fc.string(),
    authority: fc.string(),
    pathWithQuery: fc.string({ unit: 'binary' }),
    headers: fc.array(field),
    body: fc.uint8Array(),
  });
  fc.assert(
    fc.property(call, (given) => {
      const wire: WireCall = sent(toWireCall('app', given));
      t.equal(wire.function, 'app');
      const { headers, body, ...rest } = fromWireCall(wire);
      const { headers: givenHeaders, body: givenBody, ...givenRest } = given as PlainCall;
      t.strictSame(rest, givenRest);
      t.ok(Buffer.from(givenBody).equals(body));
      t.strictSame(
        headers.map(([name, value]) => [name, [...value]]),
        givenHeaders.map(([name, value]) => [name, [...value]]),
      );
    }),
    { numRuns: 30 },
  );
  t.end();
});

t.test('a result is the same on the other side, with its coded error', (t) => {
  const response = {
    status: 200,
    headers: [['a', 'b']] as const,
    bodyBase64: '',
    truncated: false,
  };
  const results: readonly CallResult[] = [
    { outcome: 'ok', start: 'cold', cpuMs: 1.5, response },
    { outcome: 'trap', response: { ...response, truncated: true, aborted: 'it trapped' } },
    { outcome: 'timeout', error: new HostError('unknown_function', { name: 'app' }) },
    { outcome: 'ok', start: undefined, cpuMs: undefined },
  ];
  for (const result of results) {
    const { error, ...rest } = fromWireResult(sent(toWireResult(result)));
    const { error: given, ...givenRest } = result;
    t.strictSame(sent(rest), sent(givenRest));
    t.equal(error?.code, given?.code);
    t.equal(error?.message, given?.message);
  }
  t.end();
});

t.test('what no worker says is refused', (t) => {
  const wrong: readonly unknown[] = [
    undefined,
    null,
    7,
    'ok',
    [],
    {},
    { outcome: 'fine' },
    { outcome: 'toString' },
    { outcome: 'ok', more: true },
    { outcome: 'ok', start: 'lukewarm' },
    { outcome: 'ok', cpuMs: '1' },
    { outcome: 'ok', response: null },
    { outcome: 'ok', response: [] },
    { outcome: 'ok', response: {} },
    { outcome: 'ok', response: { status: '200', headers: [], bodyBase64: '', truncated: false } },
    {
      outcome: 'ok',
      response: { status: 200, headers: [['a']], bodyBase64: '', truncated: false },
    },
    { outcome: 'ok', response: { status: 200, headers: {}, bodyBase64: '', truncated: false } },
    { outcome: 'ok', response: { status: 200, headers: [], bodyBase64: 1, truncated: false } },
    { outcome: 'ok', error: { code: 'unknown_function', fields: { name: {} } } },
    { outcome: 'ok', error: { code: 'unknown_function' } },
    { outcome: 'ok', error: 'unknown_function' },
  ];
  for (const answer of wrong) {
    t.throws(() => fromWireResult(answer), { code: 'internal_error' }, JSON.stringify(answer));
  }
  for (const code of ['__proto__', 'constructor', 'nonsense', '']) {
    const { error } = fromWireResult({ outcome: 'host_error', error: { code, fields: {} } });
    t.equal(error?.code, 'internal_error', code);
  }
  t.end();
});
