import t from 'tap';
import { cgiArguments, cgiEnvironment } from '../../host/invoke/cgi-environment.ts';
import { CgiResponse, HOLD_BYTES } from '../../host/invoke/cgi-response.ts';
import { BufferSource, CollectSink } from '../../host/wasi/memory-bytes.ts';
import type { Field, HttpResponder, IncomingHttpRequest } from '../../host/wasi/ports.ts';

const encoder = new TextEncoder();

function request(
  pathWithQuery: string,
  headers: readonly (readonly [string, string])[] = [],
): IncomingHttpRequest {
  return {
    method: 'POST',
    scheme: 'https',
    authority: 'api.example.com:8443',
    pathWithQuery,
    headers: headers.map(([name, value]): Field => [name, encoder.encode(value)]),
    body: new BufferSource(new Uint8Array(0)),
    trailers: () => Promise.resolve(undefined),
  };
}

t.test('cgiEnvironment() follows RFC 3875 and never passes on the Proxy header', async (t) => {
  const headers = [
    ['content-type', 'text/plain'],
    ['content-length', '5'],
    ['accept', 'a'],
    ['accept', 'b'],
    ['proxy', 'http://evil'],
    ['x_under', 'no'],
    ['authorization', 'Basic secret'],
  ] as const;
  const context = { functionName: 'app', clientAddress: '10.1.2.3', pathPrefix: '/app' };
  const variables = Object.fromEntries(cgiEnvironment(request('/a%20b?x=1&y', headers), context));
  t.match(variables, {
    GATEWAY_INTERFACE: 'CGI/1.1',
    REQUEST_METHOD: 'POST',
    PATH_INFO: '/a b',
    QUERY_STRING: 'x=1&y',
    SCRIPT_NAME: '/app',
    SERVER_NAME: 'api.example.com',
    SERVER_PORT: '8443',
    REMOTE_ADDR: '10.1.2.3',
    CONTENT_TYPE: 'text/plain',
    CONTENT_LENGTH: '5',
    HTTP_ACCEPT: 'a, b',
    AUTH_TYPE: 'Basic',
  });
  for (const name of ['HTTP_PROXY', 'HTTP_X_UNDER', 'HTTP_AUTHORIZATION', 'HTTP_CONTENT_TYPE']) {
    t.notOk(name in variables, name);
  }
  t.strictSame(cgiArguments(request('/?a+b%21'), 'app'), ['app', 'a', 'b!']);
  t.strictSame(cgiArguments(request('/?a=b'), 'app'), ['app']);
});

interface Sent {
  status: number;
  headers: readonly Field[];
  body: CollectSink;
  ended: boolean;
}

function open(limitBytes = 1e9): { response: CgiResponse; sent: Partial<Sent> } {
  const sent: Partial<Sent> = {};
  const responder: HttpResponder = {
    begin: (status, headers) => {
      const body = new CollectSink({ limitBytes: 1e9, beyond: 'fail' });
      Object.assign(sent, { status, headers, body });
      return body;
    },
    end: () => void (sent.ended = true),
    abort: () => {},
  };
  return { response: new CgiResponse(responder, limitBytes), sent };
}

const bodyOf = (sent: Partial<Sent>): string => new TextDecoder().decode(sent.body?.bytes());

for (const newline of ['\n', '\r\n']) {
  t.test(`CgiResponse reads a head with ${JSON.stringify(newline)} in any pieces`, async (t) => {
    const { response, sent } = open();
    const output = [
      'Status: 201 Created',
      'Content-Type: text/plain',
      'X-A: ü',
      '',
      'body\n\nmore',
    ].join(newline);
    for (const byte of encoder.encode(output)) response.write(new Uint8Array([byte]));
    t.notOk(response.begun, 'nothing is sent before it is known how the program ends');
    response.end();
    t.match(sent, { status: 201, ended: true });
    t.equal(bodyOf(sent), 'body\n\nmore');
    t.strictSame(
      sent.headers?.map(([name]) => name),
      ['content-type', 'x-a'],
    );
  });
}

t.test('CgiResponse streams once it holds as much as it may', async (t) => {
  const { response, sent } = open();
  response.write(encoder.encode('Content-Type: text/plain\n\n'));
  response.write(new Uint8Array(HOLD_BYTES).fill(97));
  t.ok(response.begun);
  response.write(encoder.encode('tail'));
  response.end();
  t.equal(bodyOf(sent).length, HOLD_BYTES + 4);
});

t.test('CgiResponse answers a Location alone with a redirect', async (t) => {
  const { response, sent } = open();
  response.write(encoder.encode('Location: /there\n\n'));
  response.end();
  t.equal(sent.status, 302);
});

const bad: readonly [what: string, output: string, problem: string][] = [
  ['no head at all', 'hello', 'bad_header'],
  ['nothing', '', 'bad_header'],
  ['an empty line first', '\nbody', 'bad_header'],
  ['a line without a colon', 'Content-Type: a\nnonsense\n\nbody', 'bad_header'],
  ['a status that is no status', 'Status: ok\n\nbody', 'bad_header'],
  ['an interim status', 'Status: 100 Continue\n\nbody', 'bad_header'],
  ['a head that is too large', `X: ${'a'.repeat(40_000)}\n\nbody`, 'header_too_large'],
];
for (const [what, output, problem] of bad) {
  t.test(`CgiResponse refuses ${what}`, async (t) => {
    const { response, sent } = open();
    response.write(encoder.encode(output));
    response.end();
    t.equal(response.problem, problem);
    t.strictSame(sent, {}, 'nothing was sent');
  });
}

t.test('CgiResponse stops at the limit of the body', async (t) => {
  const { response, sent } = open(10);
  response.write(encoder.encode('A: b\n\n12345678901'));
  response.end();
  t.equal(response.problem, 'response_too_large');
  t.notOk(sent.ended);
});
