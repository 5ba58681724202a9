/** What guests can make the host hold for them: every kind of resource counts, and gives back what it took. */
import t from 'tap';
import { WitError } from '../../../host/component/host-interface.ts';
import { Fields } from '../../../host/wasi/http/fields.ts';
import { OutgoingBody } from '../../../host/wasi/http/outgoing-body.ts';
import { OutgoingRequest } from '../../../host/wasi/http/outgoing-request.ts';
import { OutgoingResponse } from '../../../host/wasi/http/outgoing-response.ts';
import { RequestOptions } from '../../../host/wasi/http/request-options.ts';
import { TestGuest } from '../test-guest.ts';

/** Everything that a guest can make and hold without end, and drop again. */
const MAKERS: Readonly<Record<string, (guest: TestGuest) => Disposable[]>> = {
  'empty fields': (guest) => [new Fields(guest)],
  'clones of fields': (guest) => {
    const fields = Fields.fromList(guest, [['a', Buffer.alloc(100, 'a')]]);
    return [fields, fields.clone()];
  },
  responses: (guest) => [new OutgoingResponse(guest, new Fields(guest))],
  'bodies whose response is gone': (guest) => {
    const response = new OutgoingResponse(guest, new Fields(guest));
    const body = response.body();
    response[Symbol.dispose]();
    return [body];
  },
  'requests with long paths': (guest) => {
    const request = new OutgoingRequest(guest, new Fields(guest));
    request.setPathWithQuery(`/${'a'.repeat(60_000)}`);
    request.setPathWithQuery(`/${'b'.repeat(50_000)}`);
    return [request];
  },
  'request options': (guest) => [new RequestOptions(guest)],
};

for (const [name, make] of Object.entries(MAKERS)) {
  t.test(`${name}: what is dropped does not count, what is held ends the guest`, (t) => {
    const guest = new TestGuest();
    for (let round = 0; round < 10_000; round += 1) {
      for (const each of make(guest)) {
        each[Symbol.dispose]();
        each[Symbol.dispose]();
      }
    }
    t.equal(guest.endReason, undefined);
    t.same([guest.resourceBytes, guest.httpBytes], [0, 0]);
    let held = 0;
    t.throws(() => {
      for (; held < 200_000; held += 1) make(guest);
    }, WebAssembly.RuntimeError);
    t.match(guest.endReason, { kind: 'rule', rule: /drop what is no longer needed/ });
    t.ok(held <= 65_536, `it held ${held}`);
    t.end();
  });
}

t.test('what is handed over no longer counts', (t) => {
  const guest = new TestGuest();
  const response = new OutgoingResponse(guest, new Fields(guest));
  const body = response.body();
  OutgoingResponse.take(response);
  t.ok(guest.httpBytes > 0, 'the body is still there');
  OutgoingBody.finish(guest, body, new Fields(guest));
  const request = new OutgoingRequest(guest, new Fields(guest));
  request.setPathWithQuery('/abc');
  OutgoingRequest.take(request);
  request[Symbol.dispose]();
  t.equal(guest.httpBytes, 0);
  t.end();
});

t.test('headers without end: an error value each, and the host holds a thousand', (t) => {
  const guest = new TestGuest();
  const fields = new Fields(guest);
  const value = Uint8Array.of(0x61);
  for (let index = 0; index < 1000; index += 1) fields.append('x', value);
  const heldBytes = guest.httpBytes;
  for (let index = 0; index < 20_000; index += 1) {
    try {
      fields.append('x', value);
      return t.fail('taken beyond the limit');
    } catch (error) {
      if (!(error instanceof WitError)) throw error;
      if (index === 0) t.same(error.payload, { tag: 'forbidden' });
    }
  }
  t.equal(fields.entries().length, 1000);
  t.equal(guest.httpBytes, heldBytes);
  t.equal(guest.endReason, undefined);
  return t.end();
});
