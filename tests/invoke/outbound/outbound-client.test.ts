import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { systemClock } from '../../../host/base/clock.ts';
import type { ResolveName } from '../../../host/invoke/outbound/address-lookup.ts';
import { parseAllowList } from '../../../host/invoke/outbound/allow-list.ts';
import { OutboundClient } from '../../../host/invoke/outbound/outbound-client.ts';
import { OutboundNetwork } from '../../../host/invoke/outbound/outbound-network.ts';
import {
  HttpFailure,
  type ByteSink,
  type ByteSource,
  type OutgoingHttpRequest,
} from '../../../host/wasi/ports.ts';
import { certificate, privateKey } from './test-certificate.ts';

async function listen(
  t: Test,
  listener: RequestListener,
  server = createServer(listener),
): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

interface ClientOptions {
  readonly allow: readonly string[];
  readonly lookup?: ResolveName;
  readonly ca?: string;
}

function connect(t: Test, { allow, ...world }: ClientOptions): OutboundClient {
  const network = new OutboundNetwork({ clock: systemClock, ...world });
  const client = new OutboundClient(parseAllowList(allow), network);
  t.teardown(() => client.close());
  return client;
}

/** Resolves every name to these addresses and counts. */
function resolveTo(...addresses: string[]): ResolveName {
  return (_name, _options, callback) => {
    const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    setImmediate(callback, null, found);
  };
}

function get(authority: string, rest: Partial<OutgoingHttpRequest> = {}): OutgoingHttpRequest {
  return {
    method: 'GET',
    scheme: 'http',
    authority,
    pathWithQuery: '/',
    headers: [],
    connectTimeoutMs: undefined,
    firstByteTimeoutMs: undefined,
    betweenBytesTimeoutMs: undefined,
    ...rest,
  };
}

async function readAll(source: ByteSource): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const taken = source.take(65_536);
    if (taken === 'end') return Buffer.concat(chunks);
    if (taken === undefined) await source.ready();
    else chunks.push(taken);
  }
}

async function writeAll(sink: ByteSink, bytes: Uint8Array): Promise<void> {
  let rest = bytes;
  while (rest.length > 0 && sink.failure === undefined) {
    await sink.ready();
    const room = sink.capacity;
    if (room > 0) sink.write(rest.subarray(0, room));
    rest = rest.subarray(room);
  }
}

async function tagOf(action: () => unknown): Promise<string> {
  try {
    await action();
    return 'no failure';
  } catch (error) {
    return error instanceof HttpFailure ? error.errorCode.tag : String(error);
  }
}

t.test(
  'a granted request arrives as the guest built it, and the answer comes back whole',
  async (t) => {
    let seen: IncomingMessage | undefined;
    const port = await listen(t, (request, response) => {
      seen = request;
      response.writeHead(418, {
        'X-Raw': ['a', 'b'],
        trailer: 'x-sum',
        'content-encoding': 'gzip',
      });
      response.addTrailers({ 'x-sum': '42' });
      response.end('not gzip at all');
    });
    const client = connect(t, { allow: [`127.0.0.1:${port}`] });
    const exchange = client.send(
      get(`127.0.0.1:${port}`, {
        method: 'DELETE',
        pathWithQuery: '/a?b=c',
        headers: [
          ['X-Twice', Buffer.from('1')],
          ['x-twice', Buffer.from('\xe9', 'latin1')],
          ['expect', Buffer.from('100-continue')],
        ],
      }),
    );
    exchange.finish(undefined);
    const response = await exchange.response;
    t.equal(response.status, 418);
    const body = await readAll(response.body);
    t.equal(body.toString(), 'not gzip at all', 'nothing is decompressed');
    t.strictSame(
      response.headers.filter(([name]) => name === 'X-Raw').map(([, value]) => String(value)),
      ['a', 'b'],
    );
    t.strictSame(
      (await response.trailers())?.map(([name, value]) => [name, String(value)]),
      [['x-sum', '42']],
    );
    t.match(seen, { method: 'DELETE', url: '/a?b=c', headers: { host: `127.0.0.1:${port}` } });
    t.equal(seen?.headers['x-twice'], '1, \xe9');
    t.equal(seen?.headers['transfer-encoding'], undefined, 'no body, no framing');
    t.equal(client.exchanges, 0, 'the place is free again');
  },
);

t.test('nothing is reached without a grant', async (t) => {
  let requests = 0;
  const port = await listen(t, (_request, response) => {
    requests += 1;
    response.end();
  });
  const send = (allow: string[], authority: string, scheme: 'http' | 'https' = 'http') =>
    tagOf(async () => {
      const exchange = connect(t, { allow }).send(get(authority, { scheme }));
      exchange.finish(undefined);
      await exchange.response;
    });
  t.equal(await send([], `127.0.0.1:${port}`), 'HTTP-request-denied');
  t.equal(await send(['example.com'], `127.0.0.1:${port}`), 'HTTP-request-denied');
  t.equal(await send(['*'], `127.0.0.1:${port}`), 'destination-IP-prohibited');
  t.equal(await send(['*'], `[::ffff:127.0.0.1]:${port}`), 'destination-IP-prohibited');
  t.equal(await send(['*'], `2130706433:${port}`), 'destination-IP-prohibited');
  t.equal(await send(['*'], `localhost:${port}`), 'destination-IP-prohibited');
  t.equal(await send(['*'], 'user@example.com'), 'HTTP-request-URI-invalid');
  t.equal(requests, 0);
  t.equal(await send(['localhost'], `localhost:${port}`), 'no failure');
  t.equal(requests, 1);
});

t.test('a name that resolves to a private address is refused before a byte is sent', async (t) => {
  let connections = 0;
  const tcp = createTcpServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  t.teardown(() => tcp.close());
  const { port } = tcp.address() as AddressInfo;
  for (const lookup of [resolveTo('127.0.0.1'), resolveTo('::ffff:127.0.0.1', '10.0.0.1')]) {
    const client = connect(t, { allow: ['*'], lookup });
    for (const scheme of ['http', 'https'] as const) {
      const exchange = client.send(get(`rebind.example:${port}`, { scheme }));
      exchange.finish(undefined);
      t.equal(await tagOf(() => exchange.response), 'destination-IP-prohibited');
    }
  }
  t.equal(connections, 0);
});

t.test('a name that changes its address between two requests gains nothing', async (t) => {
  let hits = 0;
  const port = await listen(t, (_request, response) => {
    hits += 1;
    response.setHeader('connection', 'close').end();
  });
  let lookups = 0;
  const lookup: ResolveName = (name, options, callback) => {
    lookups += 1;
    // First an address the grant names, then one it does not.
    resolveTo(lookups === 1 ? '127.0.0.1' : '127.0.0.2')(name, options, callback);
  };
  const client = connect(t, { allow: ['rebind.example', '127.0.0.1'], lookup });
  const tags: string[] = [];
  for (let round = 0; round < 2; round += 1) {
    const exchange = client.send(get(`rebind.example:${port}`));
    exchange.finish(undefined);
    tags.push(await tagOf(async () => readAll((await exchange.response).body)));
  }
  t.strictSame(tags, ['no failure', 'destination-IP-prohibited']);
  t.equal(hits, 1);
});

t.test('10 MB go up and down at the same time, and neither side holds them', async (t) => {
  const port = await listen(t, (request, response) => void request.pipe(response));
  const client = connect(t, { allow: ['127.0.0.1'] });
  const bytes = Buffer.alloc(10_000_000, 'wasi-faas streams this text. ');
  const exchange = client.send(get(`127.0.0.1:${port}`, { method: 'POST' }));
  let mostPending = 0;
  const writing = (async () => {
    for (let at = 0; at < bytes.length; at += 50_000) {
      await writeAll(exchange.body, bytes.subarray(at, at + 50_000));
      mostPending = Math.max(mostPending, exchange.body.pending);
    }
    await exchange.body.flushed();
    exchange.finish(undefined);
  })();
  const received = await readAll((await exchange.response).body);
  await writing;
  t.equal(digest(received), digest(bytes));
  t.ok(mostPending <= 65_536, `at most a buffer waited: ${mostPending}`);
});

t.test(
  'a server that does not read holds the writer, a reader that does not read the server',
  async (t) => {
    let sent = 0;
    const requests: IncomingMessage[] = [];
    const port = await listen(t, (request, response) => {
      requests.push(request);
      if (request.method === 'POST') return;
      const chunk = Buffer.alloc(65_536);
      const more = (): void => {
        while (sent < 100_000_000) {
          sent += chunk.length;
          if (!response.write(chunk)) return;
        }
      };
      response.on('drain', more);
      more();
    });
    const client = connect(t, { allow: ['127.0.0.1'] });
    const up = client.send(get(`127.0.0.1:${port}`, { method: 'POST' }));
    const down = client.send(get(`127.0.0.1:${port}`));
    down.finish(undefined);
    let accepted = 0;
    let full = false;
    // A full socket stays full: give the kernel's buffers many turns to fill, then see that it stopped.
    for (let turns = 0; turns < 200 && accepted < 100_000_000; turns += 1) {
      const room = up.body.capacity;
      full = room === 0;
      if (room > 0) up.body.write(Buffer.alloc(room));
      accepted += room;
      await new Promise(setImmediate);
    }
    t.ok(accepted < 50_000_000, `accepted ${accepted}`);
    t.ok(full || accepted > 0);
    await down.response;
    for (let turns = 0; turns < 200; turns += 1) await new Promise(setImmediate);
    t.ok(sent < 50_000_000, `sent ${sent}`);
    up.abort();
    down.abort();
    // A socket that is not read does not notice its end.
    for (const request of requests) request.on('error', () => {}).resume();
    await Promise.all(requests.map(({ socket }) => untilClosed(socket)));
    t.equal(client.exchanges, 0, 'both sockets are free');
  },
);

t.test('abort frees the socket at every stage', async (t) => {
  const arrived = Promise.withResolvers<Socket>();
  const port = await listen(t, (request, response) => {
    arrived.resolve(request.socket);
    if (request.url === '/headers') response.write('some');
  });
  const client = connect(t, { allow: ['127.0.0.1'] });

  const early = client.send(get(`127.0.0.1:${port}`));
  early.abort();
  early.abort();
  t.equal(await tagOf(() => early.response), 'connection-terminated');
  t.equal(early.body.failure instanceof Error, true, 'writing is pointless');

  const waiting = client.send(get(`127.0.0.1:${port}`));
  waiting.finish(undefined);
  const socket = await arrived.promise;
  waiting.abort();
  t.equal(await tagOf(() => waiting.response), 'connection-terminated');
  await untilClosed(socket);

  const begun = client.send(get(`127.0.0.1:${port}`, { pathWithQuery: '/headers' }));
  begun.finish(undefined);
  const response = await begun.response;
  await response.body.ready();
  response.body.close();
  t.equal(response.body.take(10), 'end');
  t.equal(await tagOf(() => response.trailers()), 'connection-terminated');
  t.equal(client.exchanges, 0);
});

t.test('failures have the code that says what happened', async (t) => {
  const raw = async (answer: (socket: Socket) => void): Promise<string> => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => answer(socket));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.teardown(() => server.close());
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const client = connect(t, { allow: ['127.0.0.1', '*'] });
  const send = (request: OutgoingHttpRequest) =>
    tagOf(async () => {
      const exchange = client.send(request);
      exchange.finish(undefined);
      await readAll((await exchange.response).body);
    });

  const closed = createTcpServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as AddressInfo;
  closed.close();
  await once(closed, 'close');
  t.equal(await send(get(`127.0.0.1:${port}`)), 'connection-refused');
  t.equal(await send(get(await raw((socket) => socket.destroy()))), 'connection-terminated');
  t.equal(await send(get(await raw((socket) => socket.end('garbage\r\n')))), 'HTTP-protocol-error');
  t.equal(
    await send(
      get(await raw((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc'))),
    ),
    'HTTP-response-incomplete',
  );
  t.equal(
    await send(
      get(await raw((socket) => socket.end(`HTTP/1.1 200 OK\r\na: ${'x'.repeat(70_000)}\r\n\r\n`))),
    ),
    'HTTP-response-header-section-size',
  );
  t.equal(
    await send(get(await raw((socket) => socket.end('no tls')), { scheme: 'https' })),
    'TLS-protocol-error',
  );
  const silent = await raw(() => {});
  t.equal(await send(get(silent, { firstByteTimeoutMs: 20 })), 'HTTP-response-timeout');
  const stalling = await raw((socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc');
  });
  t.equal(await send(get(stalling, { betweenBytesTimeoutMs: 20 })), 'connection-read-timeout');

  const lookup: ResolveName = (_name, _options, callback) =>
    setImmediate(callback, Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), []);
  const lost = connect(t, { allow: ['*'], lookup }).send(get('nowhere.example'));
  lost.finish(undefined);
  await t.rejects(lost.response, {
    errorCode: { tag: 'DNS-error', val: { rcode: 'NXDOMAIN', infoCode: undefined } },
    message: 'outgoing request failed: DNS-error',
  });
  const stuck = connect(t, { allow: ['*'], lookup: () => {} });
  const slow = stuck.send(get('slow.example', { connectTimeoutMs: 5 }));
  t.equal(await tagOf(() => slow.response), 'connection-timeout');
  t.equal(stuck.exchanges, 1, 'its place stays taken while the connection is tried');
  await stuck.close();
  t.equal(stuck.exchanges, 0);
  t.equal(await tagOf(() => stuck.send(get('slow.example'))), 'HTTP-request-denied', 'closed');
});

t.test('TLS checks the name it asked for', async (t) => {
  const server = createTlsServer({ cert: certificate, key: privateKey }, (_request, response) =>
    response.end('safe'),
  ) as unknown as Server;
  const port = await listen(t, () => {}, server);
  const send = (ca: string | undefined, host: string) =>
    tagOf(async () => {
      const world = { allow: ['*', '127.0.0.1'], lookup: resolveTo('127.0.0.1') };
      const client = connect(t, ca === undefined ? world : { ...world, ca });
      const exchange = client.send(get(`${host}:${port}`, { scheme: 'https' }));
      exchange.finish(undefined);
      const body = await readAll((await exchange.response).body);
      t.equal(body.toString(), 'safe');
    });
  t.equal(await send(certificate, 'secure.example'), 'no failure');
  t.equal(await send(undefined, 'secure.example'), 'TLS-certificate-error', 'unknown issuer');
  t.equal(await send(certificate, 'other.example'), 'TLS-certificate-error', 'wrong name');
});

t.test(
  "redirects are the guest's to follow, and trailers with a request are refused",
  async (t) => {
    let requests = 0;
    const port = await listen(t, (_request, response) => {
      requests += 1;
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    const client = connect(t, { allow: ['127.0.0.1'] });
    const exchange = client.send(get(`127.0.0.1:${port}`));
    exchange.finish([]);
    t.equal((await exchange.response).status, 302);
    t.equal(requests, 1);
    const trailing = client.send(get(`127.0.0.1:${port}`, { method: 'POST' }));
    trailing.finish([['x-sum', Buffer.from('1')]]);
    t.equal(await tagOf(() => trailing.response), 'internal-error');
  },
);

t.test('one version cannot hold more exchanges than its share', async (t) => {
  const client = connect(t, { allow: ['*'], lookup: () => {} });
  for (let count = 0; count < 128; count += 1) client.send(get('slow.example'));
  t.equal(await tagOf(() => client.send(get('slow.example'))), 'connection-limit-reached');
});

async function untilClosed(socket: Socket): Promise<void> {
  socket.on('error', () => {});
  if (!socket.closed) await new Promise((resolve) => void socket.once('close', resolve));
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
