import { createServer } from 'node:net';
import { once } from 'node:events';
import t from 'tap';
import {
  formatBaseUrl,
  parseAdminAddress,
  parseListenAddress,
} from '../../host/config/listen-address.ts';
import { toListenError } from '../../host/config/listen-error.ts';

t.test('parseListenAddress() reads names, IPv4 and IPv6 with their port', async (t) => {
  t.same(parseListenAddress('127.0.0.1:8080', 'listen'), { host: '127.0.0.1', port: 8080 });
  t.same(parseListenAddress('[::1]:0', 'listen'), { host: '::1', port: 0 });
  t.same(parseListenAddress('localhost:65535', 'listen'), { host: 'localhost', port: 65_535 });
  for (const text of [
    '',
    ':80',
    '127.0.0.1',
    '::1:80',
    'a:b',
    'host:65536',
    'http://a:1',
    'a b:1',
  ]) {
    t.throws(() => parseListenAddress(text, 'listen'), { code: 'invalid_listen_address' }, text);
  }
});

t.test('parseAdminAddress() reads sockets too', async (t) => {
  t.same(parseAdminAddress('[::1]:0', '/data'), { host: '::1', port: 0 });
  t.same(parseAdminAddress('unix:/run/a b.sock', '/data'), { path: '/run/a b.sock' });
  t.same(parseAdminAddress('unix:///run/a.sock', '/data'), { path: '/run/a.sock' });
  t.same(parseAdminAddress('unix:a.sock', '/data'), { path: '/data/a.sock' });
  for (const text of ['unix:', 'unix', '/run/a.sock', 'unix:/a\nready', 'unix:/a\0']) {
    t.throws(() => parseAdminAddress(text, '/data'), { code: 'invalid_listen_address' }, text);
  }
});

t.test('formatBaseUrl() writes a URL', async (t) => {
  t.equal(formatBaseUrl({ host: '127.0.0.1', port: 1 }), 'http://127.0.0.1:1');
  t.equal(formatBaseUrl({ host: '::1', port: 1 }), 'http://[::1]:1');
  t.equal(formatBaseUrl({ path: '/run/a.sock' }), 'unix:/run/a.sock');
});

t.test(
  'toListenError() says what is wrong with an address and which flag changes it',
  async (t) => {
    const first = createServer().listen(0, '127.0.0.1');
    t.teardown(() => first.close());
    await once(first, 'listening');
    const { port } = first.address() as { port: number };
    const second = createServer().listen(port, '127.0.0.1');
    const [error] = (await once(second, 'error')) as [unknown];
    t.match(toListenError(error, 'admin', `127.0.0.1:${port}`), {
      code: 'listen_failed',
      message: `Cannot listen on "127.0.0.1:${port}": another process listens there`,
      fix: /--admin/,
    });
  },
);
