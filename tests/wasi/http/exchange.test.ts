import t from 'tap';
import { WitError } from '../../../host/component/host-interface.ts';
import { endReasonOf } from '../../../host/component/ending.ts';
import { HttpExchange } from '../../../host/wasi/http/exchange.ts';
import { Fields } from '../../../host/wasi/http/fields.ts';
import { IncomingBody } from '../../../host/wasi/http/incoming-body.ts';
import { OutgoingBody } from '../../../host/wasi/http/outgoing-body.ts';
import { OutgoingResponse } from '../../../host/wasi/http/outgoing-response.ts';
import { ResponseOutparam } from '../../../host/wasi/http/response-outparam.ts';
import { BufferSource } from '../../../host/wasi/memory-bytes.ts';
import type { Field, IncomingHttpRequest } from '../../../host/wasi/ports.ts';
import { TestGuest } from '../test-guest.ts';
import { MemoryResponder } from './memory-responder.ts';
import { payloadOf } from './payload-of.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

function requestOf(parts: Partial<IncomingHttpRequest> = {}): IncomingHttpRequest {
  return {
    method: 'GET',
    scheme: 'http',
    authority: 'app.localhost',
    pathWithQuery: '/a?b',
    headers: [],
    body: new BufferSource(new Uint8Array(0)),
    trailers: () => Promise.resolve(undefined),
    ...parts,
  };
}

class Scene {
  readonly guest = new TestGuest();
  readonly responder: MemoryResponder;
  readonly exchange: HttpExchange;

  constructor(parts: Partial<IncomingHttpRequest> = {}, room = Infinity, limit = 1000) {
    this.responder = new MemoryResponder(room);
    const limits = { responseBodyBytes: limit };
    this.exchange = new HttpExchange(this.guest, requestOf(parts), this.responder, limits);
  }

  response(headers: readonly Field[] = []): OutgoingResponse {
    return new OutgoingResponse(this.guest, Fields.fromList(this.guest, headers));
  }

  set(response: OutgoingResponse): void {
    const { responseOutparam } = this.exchange;
    ResponseOutparam.set(this.guest, responseOutparam, { tag: 'ok', val: response });
  }

  /** What the guest did wrong when it finishes, if anything. */
  finish(body: OutgoingBody, trailers?: Fields): unknown {
    try {
      OutgoingBody.finish(this.guest, body, trailers);
      return undefined;
    } catch (error) {
      return error instanceof WitError ? error.payload : error;
    }
  }
}

function write(body: OutgoingBody, text: string): void {
  const stream = body.write();
  stream.checkWrite();
  stream.write(bytes(text));
  stream[Symbol.dispose]();
}

t.test(
  'a response goes out when it is set, its body as it is written, its trailers at the end',
  async (t) => {
    const scene = new Scene();
    t.notOk(scene.exchange.begun);

    const response = scene.response([['X-A', bytes('1')]]);
    response.setStatusCode(201);
    const body = response.body();
    t.throws(() => response.body(), WitError, 'the body is there once');
    scene.set(response);
    t.ok(scene.exchange.begun);
    t.strictSame(scene.responder.calls, ['begin 201']);
    t.strictSame(scene.responder.headers, [['X-A', bytes('1')]]);
    const stream = body.write();
    t.throws(() => body.write(), WitError, 'the stream is there once');
    await stream.blockingWriteAndFlush(bytes('hello '));
    t.equal(scene.responder.body, 'hello ');
    await stream.blockingWriteAndFlush(bytes('world'));
    stream[Symbol.dispose]();
    const trailers = Fields.fromList(scene.guest, [['x-sum', bytes('9')]]);
    t.equal(scene.finish(body, trailers), undefined);
    t.strictSame(scene.responder.calls, ['begin 201', 'end']);
    t.strictSame(scene.responder.trailers, [['x-sum', bytes('9')]]);
    t.strictSame(await scene.exchange.finishAfterReturn(), { kind: 'complete' });
    scene.exchange.abort('too late');
    t.strictSame(scene.responder.calls, ['begin 201', 'end'], 'what is complete stays so');
  },
);

t.test('a response may be written and finished before it is set', async (t) => {
  const scene = new Scene({}, 4);
  const response = scene.response();
  const body = response.body();
  const stream = body.write();
  stream.checkWrite();
  stream.write(bytes('hello world'));
  await stream.blockingFlush();
  stream[Symbol.dispose]();
  t.equal(scene.finish(body), undefined);
  t.strictSame(scene.responder.calls, []);
  scene.set(response);
  t.equal(scene.responder.body, 'hell', 'as fast as it is taken');
  const result = scene.exchange.finishAfterReturn();
  scene.responder.take(3);
  scene.responder.take(100);
  t.strictSame(await result, { kind: 'complete' });
  t.equal(scene.responder.body, 'hello world');
  t.strictSame(scene.responder.calls, ['begin 200', 'end']);
});

t.test('a writer waits for a slow client', async (t) => {
  const scene = new Scene({}, 3);
  const response = scene.response();
  const body = response.body();
  scene.set(response);
  const stream = body.write();
  const writing = Promise.resolve(stream.blockingWriteAndFlush(bytes('abcdef')));
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  t.equal(scene.responder.body, 'abc');
  scene.responder.take(3);
  await writing;
  t.equal(scene.responder.body, 'abcdef');
  t.equal(stream.checkWrite(), 0n, 'no room, no permit');
});

t.test('a response whose body nobody asked for is sent empty', async (t) => {
  const scene = new Scene();
  scene.set(scene.response());
  t.strictSame(scene.responder.calls, ['begin 200', 'end']);
  t.strictSame(await scene.exchange.finishAfterReturn(), { kind: 'complete' });
});

t.test('HEAD, 204 and 304 have no body, whatever the guest writes', async (t) => {
  for (const [method, status] of [
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ] as const) {
    for (const before of [true, false]) {
      const scene = new Scene({ method });
      const response = scene.response([['content-length', bytes('5000')]]);
      response.setStatusCode(status);
      const body = response.body();
      if (!before) scene.set(response);
      if (!before) write(body, 'ignored');
      t.equal(scene.finish(body), undefined);
      if (before) scene.set(response);
      t.strictSame(scene.responder.calls, [`begin ${status}`, 'end']);
      t.equal(scene.responder.body, '');
      t.equal(scene.responder.headers.length, status === 204 ? 0 : 1, 'no length in a 204');
      t.strictSame(await scene.exchange.finishAfterReturn(), { kind: 'complete' });
    }
  }
});

t.test('no response, an error, and a response that cannot be sent begin nothing', async (t) => {
  const silent = new Scene();
  silent.exchange.responseOutparam[Symbol.dispose]();
  t.strictSame(await silent.exchange.finishAfterReturn(), { kind: 'no_response' });

  const failing = new Scene();
  const code = { tag: 'DNS-error', val: { rcode: 'x', infoCode: undefined } };
  const { responseOutparam } = failing.exchange;
  ResponseOutparam.set(failing.guest, responseOutparam, { tag: 'err', val: code });
  t.strictSame(await failing.exchange.finishAfterReturn(), { kind: 'error_code', code });

  const table: readonly [string, (scene: Scene) => OutgoingResponse, string][] = [
    [
      'interim status',
      (scene) => {
        const response = scene.response();
        response.setStatusCode(103);
        return response;
      },
      'error_code',
    ],
    [
      'two lengths',
      (scene) =>
        scene.response([
          ['content-length', bytes('1')],
          ['Content-Length', bytes('1')],
        ]),
      'error_code',
    ],
    ['bad length', (scene) => scene.response([['content-length', bytes('-1')]]), 'error_code'],
    [
      'large length',
      (scene) => scene.response([['content-length', bytes('1001')]]),
      'response_too_large',
    ],
    [
      'length without body',
      (scene) => scene.response([['content-length', bytes('5')]]),
      'incomplete_body',
    ],
    [
      'short body',
      (scene) => {
        const response = scene.response([['content-length', bytes('5')]]);
        OutgoingBody.finish(scene.guest, response.body(), undefined);
        return response;
      },
      'incomplete_body',
    ],
    [
      'dropped body',
      (scene) => {
        const response = scene.response();
        response.body()[Symbol.dispose]();
        return response;
      },
      'incomplete_body',
    ],
    [
      'large body',
      (scene) => {
        const response = scene.response();
        write(response.body(), 'x'.repeat(1001));
        return response;
      },
      'response_too_large',
    ],
  ];
  for (const [name, build, kind] of table) {
    const scene = new Scene();
    scene.set(build(scene));
    t.equal((await scene.exchange.finishAfterReturn()).kind, kind, name);
    t.strictSame(scene.responder.calls, [], name);
    t.notOk(scene.exchange.begun, name);
  }
});

t.test('a body that ends wrong is cut off, and the guest is told', async (t) => {
  const begin = (headers: readonly Field[] = []): [Scene, OutgoingBody] => {
    const scene = new Scene();
    const response = scene.response(headers);
    const body = response.body();
    scene.set(response);
    return [scene, body];
  };
  const expectCut = async (scene: Scene, kind: string): Promise<void> => {
    t.equal((await scene.exchange.finishAfterReturn()).kind, kind);
    t.strictSame(scene.responder.calls, ['begin 200', 'abort']);
  };

  const [short, shortBody] = begin([['content-length', bytes('5')]]);
  write(shortBody, 'abc');
  t.strictSame(short.finish(shortBody), { tag: 'HTTP-response-body-size', val: 3n });
  await expectCut(short, 'incomplete_body');

  const [long, longBody] = begin([['content-length', bytes('2')]]);
  const stream = longBody.write();
  stream.checkWrite();
  stream.write(bytes('abc'));
  t.match(
    payloadOf(() => stream.checkWrite()),
    { tag: 'last-operation-failed' },
  );
  stream[Symbol.dispose]();
  t.strictSame(long.finish(longBody), { tag: 'HTTP-response-body-size', val: 3n });
  t.equal(long.responder.body, '', 'nothing beyond the length goes out');
  await expectCut(long, 'incomplete_body');

  const [dropped, droppedBody] = begin();
  droppedBody[Symbol.dispose]();
  await expectCut(dropped, 'incomplete_body');

  const [left] = begin();
  await expectCut(left, 'incomplete_body');

  const [large, largeBody] = begin();
  write(largeBody, 'x'.repeat(1001));
  t.match(large.finish(largeBody), { tag: 'HTTP-response-body-size' });
  await expectCut(large, 'response_too_large');

  const [gone, goneBody] = begin();
  gone.responder.leave();
  t.strictSame(
    payloadOf(() => goneBody.write().checkWrite()),
    { tag: 'closed' },
  );
  goneBody[Symbol.dispose]();
  await expectCut(gone, 'client_gone');

  const [ended, endedBody] = begin();
  ended.exchange.abort('time-out');
  ended.exchange.abort('again');
  t.strictSame(
    payloadOf(() => endedBody.write().checkWrite()),
    { tag: 'closed' },
  );
  t.strictSame(ended.responder.calls, ['begin 200', 'abort']);
});

t.test('a client that leaves while kept bytes go out ends the wait', async (t) => {
  const scene = new Scene({}, 2);
  const response = scene.response();
  const body = response.body();
  write(body, 'abcdef');
  t.equal(scene.finish(body), undefined);
  scene.set(response);
  const result = scene.exchange.finishAfterReturn();
  scene.responder.leave();
  t.strictSame(await result, { kind: 'client_gone' });
});

t.test('broken rules end the instance', async (t) => {
  const expectRule = (action: () => unknown, rule: RegExp): void => {
    try {
      action();
      t.fail(`nothing happened: ${rule}`);
    } catch (error) {
      t.match(endReasonOf(error), { kind: 'rule', rule });
    }
  };
  const writer = new Scene();
  const body = writer.response().body();
  body.write();
  const finish = (): unknown => OutgoingBody.finish(writer.guest, body, undefined);
  expectRule(finish, /outgoing-body.finish\(\) was called before its stream was dropped/);

  const reader = new Scene({ body: new BufferSource(bytes('abc')) });
  const incoming = reader.exchange.incomingRequest.consume();
  incoming.stream();
  expectRule(() => IncomingBody.finish(reader.guest, incoming), /incoming-body.finish/);

  const setter = new Scene();
  setter.set(setter.response());
  expectRule(() => setter.set(setter.response()), /called twice/);
});

t.test('setters refuse what is no status', async (t) => {
  const response = new Scene().response();
  for (const status of [0, 99, 600, 65_535]) {
    t.throws(() => response.setStatusCode(status), WitError, `${status}`);
  }
  t.equal(response.statusCode(), 200);
  response.setStatusCode(599);
  t.equal(response.statusCode(), 599);
});

t.test('what a guest writes before anyone takes it is bounded', async (t) => {
  const guest = new TestGuest();
  const one = new OutgoingResponse(guest, new Fields(guest)).body().write();
  t.equal(one.checkWrite(), 65_536n);
  one.write(new Uint8Array(65_536));
  t.equal(one.checkWrite(), 0n);
  t.throws(() => {
    for (;;) {
      const stream = new OutgoingResponse(guest, new Fields(guest)).body().write();
      stream.checkWrite();
      stream.write(new Uint8Array(65_536));
    }
  });
  t.match(guest.endReason, { kind: 'rule', rule: /8388608 bytes/ });
});
