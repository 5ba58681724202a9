import t, { type Test } from 'tap';
import { HostError } from '../../host/base/errors.ts';
import { identifyClient, type ForwardedClaims } from '../../host/http/client-identity.ts';
import { ProxyTrust, plainAddress } from '../../host/http/proxy-trust.ts';
import { isTraceparent } from '../../host/http/trace-context.ts';
import { RawClient, describeRequest, jsonBody, openPlane } from './test-plane.ts';

const NOTHING: ForwardedClaims = {
  forwardedFor: undefined,
  forwarded: undefined,
  proto: undefined,
};

const CLAIMS = [
  'X-Forwarded-For: 6.6.6.6, 9.9.9.9',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Host: public.example.com',
  'X-Forwarded-Prefix: /outer',
  'X-Forwarded-Port: 443',
  'X-Real-Ip: 6.6.6.6',
  'Forwarded: for=6.6.6.6',
].join('\r\n');

/** What a function sees of a request with these fields. */
async function seenBehind(
  t: Test,
  trustedProxies: string[],
  fields: string,
): Promise<{ address: unknown; scheme: unknown; prefix: unknown; headers: [string, string][] }> {
  const plane = await openPlane(t, describeRequest, { trustedProxies });
  const client = await RawClient.open(t, plane);
  client.send(`GET /app/ HTTP/1.1\r\nHost: h\r\n${fields}\r\n\r\n`);
  const seen = jsonBody(await client.until(/\}$/));
  const headers = seen['headers'] as [string, string][];
  return {
    address: seen['clientAddress'],
    scheme: seen['scheme'],
    prefix: seen['pathPrefix'],
    headers,
  };
}

function forwardedOf(headers: [string, string][]): [string, string][] {
  return headers.filter(([name]) => /forwarded|real-ip/.test(name)).sort();
}

t.test('a client that is no trusted proxy cannot say who it is', async (t) => {
  const { address, scheme, headers } = await seenBehind(t, ['10.0.0.0/8'], CLAIMS);
  t.equal(address, '127.0.0.1');
  t.equal(scheme, 'http');
  t.same(forwardedOf(headers), [
    ['x-forwarded-for', '127.0.0.1'],
    ['x-forwarded-host', 'h'],
    ['x-forwarded-prefix', '/app'],
    ['x-forwarded-proto', 'http'],
  ]);
});

t.test('a trusted proxy says who the client is', async (t) => {
  const { address, scheme, prefix, headers } = await seenBehind(t, ['127.0.0.0/8'], CLAIMS);
  t.equal(address, '9.9.9.9', 'the rightmost that is not trusted');
  t.equal(scheme, 'https');
  t.equal(prefix, '/app', 'what this host has removed');
  t.same(forwardedOf(headers), [
    ['x-forwarded-for', '9.9.9.9, 127.0.0.1'],
    ['x-forwarded-host', 'public.example.com'],
    ['x-forwarded-port', '443'],
    ['x-forwarded-prefix', '/outer/app'],
    ['x-forwarded-proto', 'https'],
  ]);
});

const PROXY = { address: '10.0.0.1', scheme: 'http' } as const;

t.test('identifyClient() follows the chain from the right', async (t) => {
  const trust = new ProxyTrust(['10.0.0.0/8', '192.0.2.1', 'fd00::/8']);
  const cases: readonly [Partial<ForwardedClaims>, address: string, forwardedFor: string][] = [
    [{}, '10.0.0.1', '10.0.0.1'],
    [{ forwardedFor: '1.1.1.1' }, '1.1.1.1', '1.1.1.1, 10.0.0.1'],
    [{ forwardedFor: '6.6.6.6,1.1.1.1, 10.2.3.4' }, '1.1.1.1', '1.1.1.1, 10.2.3.4, 10.0.0.1'],
    [{ forwardedFor: '192.0.2.1' }, '192.0.2.1', '192.0.2.1, 10.0.0.1'],
    [{ forwardedFor: '1.1.1.1:4711' }, '1.1.1.1', '1.1.1.1, 10.0.0.1'],
    [
      { forwardedFor: '[2001:DB8::1]:80, fd00::1' },
      '2001:db8::1',
      '2001:db8::1, fd00::1, 10.0.0.1',
    ],
    [{ forwardedFor: '::ffff:1.2.3.4' }, '1.2.3.4', '1.2.3.4, 10.0.0.1'],
    [{ forwardedFor: '1.1.1.1, unknown' }, '10.0.0.1', '10.0.0.1'],
    [{ forwardedFor: '1.1.1.1, <script>' }, '10.0.0.1', '10.0.0.1'],
    [{ forwardedFor: ',,,' }, '10.0.0.1', '10.0.0.1'],
    [{ forwarded: 'for=1.1.1.1;proto=https' }, '1.1.1.1', '1.1.1.1, 10.0.0.1'],
    [
      { forwarded: 'For="[2001:db8::1]:80", for=10.9.9.9' },
      '2001:db8::1',
      '2001:db8::1, 10.9.9.9, 10.0.0.1',
    ],
    [{ forwarded: 'for=_hidden' }, '10.0.0.1', '10.0.0.1'],
    [{ forwardedFor: '1.1.1.1', forwarded: 'for=6.6.6.6' }, '1.1.1.1', '1.1.1.1, 10.0.0.1'],
  ];
  for (const [claims, address, forwardedFor] of cases) {
    const client = identifyClient(PROXY, { ...NOTHING, ...claims }, trust);
    t.same([client.address, client.forwardedFor], [address, forwardedFor], JSON.stringify(claims));
  }
  const endless = identifyClient(
    PROXY,
    { ...NOTHING, forwardedFor: '10.0.0.2,'.repeat(2000) + '10.0.0.2' },
    trust,
  );
  t.ok(endless.forwardedFor.length < 300, 'a list without end is not followed to its end');
  t.equal(identifyClient(PROXY, { ...NOTHING, proto: 'http, https' }, trust).scheme, 'https');
  t.equal(identifyClient(PROXY, { ...NOTHING, forwarded: 'proto="HTTPS"' }, trust).scheme, 'https');
  t.equal(identifyClient(PROXY, { ...NOTHING, proto: 'javascript' }, trust).scheme, 'http');
});

t.test('ProxyTrust refuses what is no address', async (t) => {
  for (const range of [
    'example.com',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '::/129',
    '/8',
    '',
  ]) {
    try {
      new ProxyTrust([range]);
      t.fail(`${range} was taken`);
    } catch (error) {
      t.ok(error instanceof HostError && error.code === 'invalid_setting', range);
    }
  }
  t.ok(new ProxyTrust(['::1']).includes('::1'));
  t.notOk(new ProxyTrust(['::1']).includes('not an address'));
  t.equal(plainAddress('::ffff:127.0.0.1'), '127.0.0.1');
  t.equal(plainAddress('::1'), '::1');
});

t.test(
  'a request id is taken or made, and trace context passes if it is well formed',
  async (t) => {
    const parent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const plane = await openPlane(t, describeRequest);
    const client = await RawClient.open(t, plane);
    client.send(
      `GET /app/ HTTP/1.1\r\nHost: h\r\nX-Request-Id: mine-1\r\nTraceparent: ${parent}\r\nTracestate: a=1\r\ntracestate: b=2\r\n\r\n`,
    );
    const text = await client.until(/\}$/);
    t.match(text, '\r\nx-request-id: mine-1\r\n');
    const headers = new Map(jsonBody(text)['headers'] as [string, string][]);
    t.equal(headers.get('x-request-id'), 'mine-1');
    t.equal(headers.get('traceparent'), parent);
    t.equal(headers.get('tracestate'), 'a=1, b=2');
    const other = await seenBehind(
      t,
      [],
      'X-Request-Id: two words\r\nTraceparent: 00-zz\r\nTracestate: a=1',
    );
    const names = new Set(other.headers.map(([name]) => name));
    t.notOk(names.has('traceparent'));
    t.notOk(names.has('tracestate'), 'it means nothing without its parent');
    t.match(new Map(other.headers).get('x-request-id'), /^[0-9a-f]{32}$/);

    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const span = '00f067aa0ba902b7';
    for (const [value, isGood] of [
      [`00-${trace}-${span}-01`, true],
      [`cc-${trace}-${span}-01-future`, true],
      [`00-${trace}-${span}-01-more`, false],
      [`ff-${trace}-${span}-01`, false],
      [`00-${'0'.repeat(32)}-${span}-01`, false],
      [`00-${trace}-${'0'.repeat(16)}-01`, false],
      [`00-${trace.toUpperCase()}-${span}-01`, false],
      [`${parent}, ${parent}`, false],
    ] as const) {
      t.equal(isTraceparent(value), isGood, value);
    }
  },
);

t.test('fields of the connection do not reach the function', async (t) => {
  const { headers } = await seenBehind(
    t,
    [],
    'Connection: close, X-Secret, x-forwarded-for, host\r\nX-Secret: 1\r\nKeep-Alive: 1\r\nTE: trailers\r\n' +
      'Proxy-Authorization: Basic x\r\nProxy-Connection: keep-alive\r\nUpgrade: h2c\r\nX-Kept: 1',
  );
  t.same(
    headers.map(([name]) => name),
    [
      'x-kept',
      'host',
      'x-request-id',
      'x-forwarded-for',
      'x-forwarded-proto',
      'x-forwarded-host',
      'x-forwarded-prefix',
    ],
  );
});
