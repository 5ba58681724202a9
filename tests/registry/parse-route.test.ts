import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import t from 'tap';
import { HostError } from '../../host/base/errors.ts';
import { parseRoute } from '../../host/registry/parse-route.ts';

t.test('parseRoute() reads hosts and paths', async (t) => {
  const cases: readonly [string, string, string][] = [
    ['api.example.com/v1/*', 'api.example.com', '/v1/*'],
    ['*.example.com/*', '*.example.com', '/*'],
    ['/assets/*', '*', '/assets/*'],
    ['*/assets/*', '*', '/assets/*'],
    ['*', '*', '/*'],
    ['/', '*', '/'],
    ['/exact', '*', '/exact'],
    ['/folder/', '*', '/folder/'],
    ['example.com', 'example.com', '/*'],
    ['example.com/', 'example.com', '/'],
    ['EXAMPLE.com./A', 'example.com', '/A'],
    ['http://example.com/a', 'example.com', '/a'],
    ['HTTPS://example.com', 'example.com', '/*'],
    ['  example.com ', 'example.com', '/*'],
    ['localhost/x', 'localhost', '/x'],
    ['127.0.0.1/x', '127.0.0.1', '/x'],
    ['münchen.example/straße/*', 'xn--mnchen-3ya.example', '/stra%C3%9Fe/*'],
    ['*.bücher.example', '*.xn--bcher-kva.example', '/*'],
    ['/a%2fb/%7euser/%C3%bc', '*', '/a%2Fb/~user/%C3%BC'],
    ["/a;b=c,d/e:f@g/!$&'()+", '*', "/a;b=c,d/e:f@g/!$&'()+"],
    ['_acme.example.com/x', '_acme.example.com', '/x'],
  ];
  for (const [text, host, path] of cases) t.same(parseRoute(text), { host, path }, text);
});

t.test('parseRoute() refuses everything else and says why', async (t) => {
  const cases: readonly [string, RegExp][] = [
    ['', /empty/],
    ['   ', /empty/],
    ['http://', /empty/],
    ['http:///x', /host is missing/],
    ['ftp://example.com/', /only http/],
    ['example.com:8080/x', /port/],
    ['[::1]/x', /IPv4/],
    ['user@example.com/x', /user name/],
    ['example.com?x=1', /query/],
    ['/x?y=1', /query/],
    ['/x#y', /query or fragment/],
    ['a.*.com/x', /first label/],
    ['*a.com/x', /first label/],
    ['*.*.com/x', /first label/],
    ['*.10.0.0.1/x', /no subdomains/],
    ['exa mple.com/x', /not a host name/],
    ['-a.com/x', /not a host name/],
    ['a..com/x', /not a host name/],
    ['*./x', /not a host name/],
    ['./x', /not a host name/],
    ['a%2e.com/x', /not a host name/],
    ['a\\b/x', /not a host name/],
    ['a\tb.com/x', /not a host name/],
    ['a／b.com/x', /not a host name/],
    [`${'a'.repeat(64)}.com/x`, /not a host name/],
    [`${'a.'.repeat(130)}com/x`, /too long|not a host name/],
    ['/a/../b', /"\.\."/],
    ['/a/%2e%2E/b', /"\.\."/],
    ['/./b', /"\.\."/],
    ['/a//b', /empty segment/],
    ['//example.com/', /empty segment/],
    ['/a/*/b', /last segment/],
    ['/a*', /last segment/],
    ['/a/**', /last segment/],
    ['/*/', /last segment/],
    ['/a b', /characters/],
    ['/a\\b', /characters/],
    ['/a%', /characters/],
    ['/a%4', /characters/],
    ['/a\r\nb', /characters/],
    ['/{a}', /characters/],
    [`/${'a'.repeat(2000)}`, /too long/],
  ];
  for (const [text, reason] of cases) {
    t.throws(() => parseRoute(text), { code: 'invalid_route', fields: { reason } }, text);
  }
});

t.test(
  'parseRoute() gives back the routes it made, and throws nothing but coded errors',
  async (t) => {
    const alphabet = [
      'a',
      'B',
      '*',
      '.',
      '/',
      '%',
      '2',
      'e',
      'ü',
      '\ud800',
      ':',
      '-',
      '?',
      ' ',
      '\0',
    ];
    const texts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.array(fc.constantFrom(...alphabet), { maxLength: 20 }).map((parts) => parts.join('')),
    );
    let accepted = 0;
    fc.assert(
      fc.property(texts, (text) => {
        try {
          const route = parseRoute(text);
          accepted += 1;
          assert.deepEqual(parseRoute(`${route.host}${route.path}`), route);
        } catch (error) {
          if (!(error instanceof HostError && error.code === 'invalid_route')) throw error;
        }
      }),
      { numRuns: 1000 },
    );
    t.ok(accepted > 10, `${accepted} of the texts were routes`);
  },
);
