import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { systemClock } from '../../../host/base/clock.ts';
import { bindResource } from '../../../host/component/bind-resource.ts';
import { WitError } from '../../../host/component/host-interface.ts';
import { parseAllowList } from '../../../host/invoke/outbound/allow-list.ts';
import { OutboundClient } from '../../../host/invoke/outbound/outbound-client.ts';
import { OutboundNetwork } from '../../../host/invoke/outbound/outbound-network.ts';
import { Fields } from '../../../host/wasi/http/fields.ts';
import type { FutureIncomingResponse } from '../../../host/wasi/http/future-incoming-response.ts';
import { IncomingBody } from '../../../host/wasi/http/incoming-body.ts';
import type { IncomingResponse } from '../../../host/wasi/http/incoming-response.ts';
import { httpInterfaces, wasiHttpTypes } from '../../../host/wasi/http/interfaces.ts';
import { OutgoingBody } from '../../../host/wasi/http/outgoing-body.ts';
import { wasiHttpOutgoingHandler } from '../../../host/wasi/http/outgoing-handler.ts';
import { OutgoingRequest } from '../../../host/wasi/http/outgoing-request.ts';
import { RequestOptions } from '../../../host/wasi/http/request-options.ts';
import type { Field } from '../../../host/wasi/ports.ts';
import { TestGuest } from '../test-guest.ts';
import { payloadOf } from './payload-of.ts';

const bytes = (value: string): Uint8Array => Buffer.from(value, 'latin1');

interface World {
  readonly guest: TestGuest;
  readonly client: OutboundClient;
  readonly authority: string;
}

async function start(
  t: Test,
  listener: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<World> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const authority = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const network = new OutboundNetwork({ clock: systemClock });
  const client = new OutboundClient(parseAllowList([authority]), network);
  t.teardown(async () => {
    await client.close();
    server.close();
    server.closeAllConnections();
  });
  return { guest: new TestGuest({ outgoingHttp: client }), client, authority };
}

function requestTo({ guest, authority }: World, headers: readonly Field[] = []): OutgoingRequest {
  const request = new OutgoingRequest(guest, Fields.fromList(guest, headers));
  request.setScheme({ tag: 'HTTP' });
  request.setAuthority(authority);
  return request;
}

function handle(
  guest: TestGuest,
  request: OutgoingRequest,
  options?: RequestOptions,
): FutureIncomingResponse {
  return wasiHttpOutgoingHandler.functions['handle']?.(
    guest,
    request,
    options,
  ) as FutureIncomingResponse;
}

async function responseOf(future: FutureIncomingResponse): Promise<IncomingResponse> {
  await future.subscribe().block();
  const got = future.get();
  if (got?.tag !== 'ok' || got.val.tag !== 'ok') throw new Error(JSON.stringify(got));
  return got.val.val;
}

async function failureOf(future: FutureIncomingResponse): Promise<unknown> {
  await future.subscribe().block();
  const got = future.get();
  return got?.tag === 'ok' && got.val.tag === 'err' ? got.val.val : got;
}

async function readText(guest: TestGuest, response: IncomingResponse): Promise<string> {
  const body = response.consume();
  const stream = body.stream();
  let all = '';
  try {
    for (;;) all += Buffer.from(await stream.blockingRead(65_536n)).toString('latin1');
  } catch (error) {
    t.match(error, { payload: { tag: 'closed' } });
  }
  stream[Symbol.dispose]();
  IncomingBody.finish(guest, body)[Symbol.dispose]();
  return all;
}

t.test('a guest sends a request with a body and reads the answer', async (t) => {
  const world = await start(t, (request, response) => {
    text(request).then((body) => {
      response.setHeader('x-length', request.headers['content-length'] ?? 'none');
      response.end(`${request.method} ${request.url} ${String(request.headers['x-a'])} ${body}`);
    }, response.destroy.bind(response));
  });
  const { guest } = world;
  const request = requestTo(world, [
    ['X-A', bytes('1')],
    ['content-length', bytes('11')],
  ]);
  request.setMethod({ tag: 'put' });
  request.setPathWithQuery('?q');
  const body = request.body();
  const stream = body.write();
  await stream.blockingWriteAndFlush(bytes('before '));
  const future = handle(guest, request, new RequestOptions(guest));
  t.equal(future.get(), undefined, 'not there yet');
  await stream.blockingWriteAndFlush(bytes('late'));
  stream[Symbol.dispose]();
  OutgoingBody.finish(guest, body, undefined);
  const response = await responseOf(future);
  t.strictSame(future.get(), { tag: 'err', val: undefined }, 'taken once');
  t.equal(response.status(), 200);
  t.strictSame(response.headers().get('X-Length').map(String), ['11']);
  t.notOk(response.headers().has('connection'), "the connection is the host's");
  t.equal(await readText(guest, response), 'PUT /?q 1 before late');
  t.equal(world.client.exchanges, 0);
});

t.test(
  'a guest that ends its body after the connection was refused learns of the refusal',
  async (t) => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const authority = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    await new Promise((resolve) => server.close(resolve));
    const network = new OutboundNetwork({ clock: systemClock });
    const client = new OutboundClient(parseAllowList([authority]), network);
    t.teardown(() => client.close());
    const world = { guest: new TestGuest({ outgoingHttp: client }), client, authority };
    const request = requestTo(world);
    const body = request.body();
    const future = handle(world.guest, request);
    t.strictSame(await failureOf(future), { tag: 'connection-refused' });
    // A guest that was preempted between the two calls gets here after the answer.
    const error = payloadOf(() => OutgoingBody.finish(world.guest, body, undefined));
    t.strictSame(error, { tag: 'connection-refused' });
  },
);

t.test('a request that cannot be tried is refused at once', async (t) => {
  const world = await start(t, (_request, response) => void response.end());
  const { guest } = world;
  const refusal = (change: (request: OutgoingRequest) => void, headers: readonly Field[] = []) => {
    const request = requestTo(world, headers);
    change(request);
    try {
      handle(guest, request);
      return 'sent';
    } catch (error) {
      return error instanceof WitError ? (error.payload as { tag: string }).tag : error;
    }
  };
  t.equal(
    refusal((request) => request.setAuthority('example.com')),
    'HTTP-request-denied',
  );
  t.equal(
    refusal((request) => request.setAuthority(undefined)),
    'HTTP-request-URI-invalid',
  );
  t.equal(
    refusal((request) => request.setScheme({ tag: 'other', val: 'ftp' })),
    'HTTP-request-URI-invalid',
  );
  t.equal(
    refusal((request) => request.setMethod({ tag: 'connect' })),
    'HTTP-request-method-invalid',
  );
  t.equal(
    refusal(() => {}, [['content-length', bytes('x')]]),
    'HTTP-protocol-error',
  );
  t.equal(
    refusal(() => {}, [['content-length', bytes('5')]]),
    'HTTP-request-body-size',
  );
  t.equal(
    refusal((request) => request.body()[Symbol.dispose]()),
    'internal-error',
  );
  const request = requestTo(world);
  request.setScheme(undefined);
  const failure = await failureOf(handle(guest, request));
  t.strictSame(failure, { tag: 'TLS-protocol-error' }, 'https is the default');
});

t.test('setters refuse what no request can be made of', async (t) => {
  const guest = new TestGuest();
  const request = new OutgoingRequest(guest, new Fields(guest));
  for (const path of [
    'no-slash',
    '/a b',
    '/\r\nx: y',
    '/#x',
    '/ü',
    '*',
    `/${'x'.repeat(70_000)}`,
  ]) {
    t.throws(() => request.setPathWithQuery(path), WitError, JSON.stringify(path.slice(0, 20)));
  }
  for (const authority of ['', 'a/b', 'user@a', 'a b', 'a:b', '[::1', 'a\r\nb', 'x'.repeat(400)]) {
    t.throws(
      () => request.setAuthority(authority),
      WitError,
      JSON.stringify(authority.slice(0, 20)),
    );
  }
  for (const val of ['', 'A B', 'GET\r\n', 'x'.repeat(100)]) {
    t.throws(
      () => request.setMethod({ tag: 'other', val }),
      WitError,
      JSON.stringify(val.slice(0, 9)),
    );
  }
  t.throws(() => request.setScheme({ tag: 'other', val: '1x' }), WitError);
  t.strictSame(request.method(), { tag: 'get' });
  request.setMethod({ tag: 'other', val: 'QUERY' });
  request.setPathWithQuery('/a?b={c}&d="e"');
  request.setAuthority('[::1]:80');
  request.setScheme({ tag: 'HTTPS' });
  t.strictSame(
    [request.method(), request.pathWithQuery(), request.authority(), request.scheme()],
    [{ tag: 'other', val: 'QUERY' }, '/a?b={c}&d="e"', '[::1]:80', { tag: 'HTTPS' }],
  );
  t.strictSame(
    payloadOf(() => request.headers().append('a', bytes(''))),
    { tag: 'immutable' },
  );
});

t.test('whatever the guest drops ends the exchange', async (t) => {
  let arrived = Promise.withResolvers<IncomingMessage>();
  const world = await start(t, (request, response) => {
    arrived.resolve(request);
    if (request.url === '/stream') response.write('some');
  });
  const { guest, client } = world;
  const expectGone = async (drop: () => Promise<void> | void): Promise<void> => {
    arrived = Promise.withResolvers();
    const dropped = drop();
    const { socket } = await arrived.promise;
    socket.on('error', () => {});
    await dropped;
    if (!socket.closed) await new Promise((resolve) => void socket.once('close', resolve));
    t.equal(client.exchanges, 0);
  };
  const streaming = (): FutureIncomingResponse => {
    const request = requestTo(world);
    request.setPathWithQuery('/stream');
    return handle(guest, request);
  };
  await expectGone(async () => {
    const future = handle(guest, requestTo(world));
    await arrived.promise;
    future[Symbol.dispose]();
  });
  await expectGone(async () => {
    const future = streaming();
    const response = await responseOf(future);
    future[Symbol.dispose]();
    response[Symbol.dispose]();
  });
  await expectGone(async () => {
    const body = (await responseOf(streaming())).consume();
    body.stream()[Symbol.dispose]();
    body[Symbol.dispose]();
  });
  await expectGone(async () => {
    const request = requestTo(world, [['content-length', bytes('10')]]);
    request.setMethod({ tag: 'post' });
    const body = request.body();
    const future = handle(guest, request);
    const stream = body.write();
    await stream.blockingWriteAndFlush(bytes('abc'));
    await arrived.promise;
    stream[Symbol.dispose]();
    t.strictSame(
      payloadOf(() => OutgoingBody.finish(guest, body, undefined)),
      { tag: 'HTTP-request-body-size', val: 3n },
    );
    t.strictSame(await failureOf(future), { tag: 'HTTP-request-body-size', val: 3n });
  });
  await expectGone(async () => {
    await responseOf(streaming());
    guest.finish();
  });
});

t.test('time-outs of the options count', async (t) => {
  const world = await start(t, () => {});
  const options = new RequestOptions(world.guest);
  options.setFirstByteTimeout(5_000_000n);
  options.setConnectTimeout(2n ** 64n - 1n);
  options.setBetweenBytesTimeout(1n);
  t.strictSame(
    [options.firstByteTimeout(), options.connectTimeout(), options.betweenBytesTimeout()],
    [5_000_000n, 2n ** 64n - 1n, 1n],
  );
  const future = handle(world.guest, requestTo(world), options);
  t.strictSame(await failureOf(future), { tag: 'HTTP-response-timeout' });
});

t.test('engines find every name of the WIT, and bound classes act for their guest', async (t) => {
  t.strictSame(
    httpInterfaces.map(({ name }) => name),
    ['wasi:http/types', 'wasi:http/outgoing-handler'],
  );
  const guest = new TestGuest();
  const BoundFields = bindResource(Fields, guest) as unknown as {
    new (): Fields;
    fromList(entries: readonly Field[]): Fields;
  };
  const made = new BoundFields();
  t.ok(made instanceof BoundFields && made instanceof Fields);
  t.ok(new Fields(guest) instanceof BoundFields, 'also what the host makes');
  t.strictSame(BoundFields.fromList([['a', bytes('1')]]).entries(), [['a', bytes('1')]]);
  t.equal(Object.keys(wasiHttpTypes.resources).length, 11);
});
