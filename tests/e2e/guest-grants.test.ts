/** What guests reach: nothing by default, and what they were granted, exactly. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { deployToHost } from '../../cli/deploy-to-host.ts';
import { DeployProgress } from '../../cli/deploy-progress.ts';
import { Terminal } from '../../cli/terminal.ts';
import { parseFunctionName } from '../../host/base/ids.ts';
import { example, misbehave } from '../guests/guests.ts';
import { assertAlive, deployCanary, openRunningHost, type RunningHost } from './running-host.ts';

const COMPONENTS = join(import.meta.dirname, '..', '..', 'components');

let host: RunningHost;
/** `127.0.0.1:PORT` of a server of this test, and what it was asked. */
let origin: string;
const asked: string[] = [];

t.before(async () => {
  host = await openRunningHost(t);
  await deployCanary(host);
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.setHeader('content-type', 'text/plain');
    if (request.url === '/redirect') response.writeHead(302, { location: '/secret' });
    response.end(`origin says ${request.url}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  origin = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});

const fetchUrl = (name: string, url: string): string => `/${name}/?url=${encodeURIComponent(url)}`;

t.test('without a grant a guest reaches nothing', async (t) => {
  await host.deploy('alone', misbehave());
  await host.deploy('fetch', example('fetch-rust'));
  const denied = await host.call(fetchUrl('fetch', `http://${origin}/`));
  t.match(denied, { status: 502, text: /HttpRequestDenied/ });
  t.match(await host.call(`/alone/fetch?url=http://${origin}/`), {
    text: /^error .*HttpRequestDenied/,
  });
  t.equal(asked.length, 0, 'nothing was sent');
  const tcp = await host.call(`/alone/tcp?address=${origin}`);
  for (const what of ['connect', 'listen', 'udp', 'lookup']) {
    t.match(tcp.text, new RegExp(`^${what}: error `, 'm'), what);
  }
  t.match(await host.call('/alone/fs?path=/'), { status: 200, text: /^error / });
  t.match(await host.call('/alone/fs?path=/etc/passwd'), { status: 200, text: /^error / });
  t.match(await host.call('/alone/env'), { status: 200, text: '' });
  await assertAlive(t, host, ['alone', 'fetch']);
});

t.test('a guest reaches the hosts it was granted, and no others', async (t) => {
  const fetch = example('fetch-rust');
  await host.deploy('fetch', fetch, { allowedHosts: [origin] });
  t.match(await host.call(fetchUrl('fetch', `http://${origin}/page`)), {
    status: 200,
    text: 'origin says /page',
  });
  t.match(await host.call(fetchUrl('fetch', `http://${origin}/redirect`)), { status: 302 });
  const port = origin.split(':')[1];
  const others = [
    `http://localhost:${port}/`,
    `http://127.0.0.1:${Number(port) - 1}/`,
    `http://127.0.0.1.nip.io:${port}/`,
    `http://127.0.0.2:${port}/`,
    `http://[::1]:${port}/`,
    `http://169.254.169.254/`,
    `https://${origin}/`.replace(String(port), '443'),
  ];
  const before = asked.length;
  for (const url of others) {
    const answer = await host.call(fetchUrl('fetch', url));
    t.ok(answer.status === 502 || answer.status === 400, `${url}: ${answer.status} ${answer.text}`);
  }
  t.equal(asked.length, before, 'nothing was sent');
  t.same(asked, ['GET /page', 'GET /redirect'], 'the redirect was not followed');
});

t.test('a wildcard does not open this machine', async (t) => {
  await host.deploy('fetch', example('fetch-rust'), { allowedHosts: ['*'] });
  const before = asked.length;
  for (const name of [
    '127.0.0.1',
    'localhost',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '0.0.0.0',
    '0x7f000001',
    '2130706433',
    '127.1',
  ]) {
    const url = `http://${name}:${origin.split(':')[1]}/`;
    t.match(await host.call(fetchUrl('fetch', url)), { status: /^(502|400)$/ }, url);
  }
  const admin = await host.call(fetchUrl('fetch', `${host.adminUrl}/v1/functions`));
  t.match(admin, { status: 502, text: /HttpRequestDenied|Denied|Prohibited/ }, 'nor the admin API');
  t.equal(asked.length, before);
});

t.test('an origin that is not there is an error code, not a hanging guest', async (t) => {
  await host.deploy('fetch', example('fetch-rust'), { allowedHosts: ['127.0.0.1:1'] });
  const answer = await host.call(fetchUrl('fetch', 'http://127.0.0.1:1/'));
  t.match(answer, { status: 502, text: /ConnectionRefused/ });
});

t.test(
  'a guest sees the snapshot of the directory it was deployed with, and nothing else',
  async (t) => {
    const site = join(
      t.testdir({ site: { 'index.html': 'home', sub: { 'a.txt': 'below' } }, secret: 'x' }),
      'site',
    );
    const silent = new Terminal(process.stderr, process.stderr, {});
    const deployment = (hostPath: string): Parameters<typeof deployToHost>[1] => ({
      name: parseFunctionName('files'),
      path: join(COMPONENTS, 'files-rust.wasm'),
      directories: [{ hostPath, guestPath: '/site' }],
      settings: {},
    });
    await deployToHost(host.api, deployment(site), new DeployProgress(silent, false));
    t.match(await host.call('/files/'), { status: 200, text: 'home' });
    t.match(await host.call('/files/sub/a.txt'), { status: 200, text: 'below' });
    for (const path of [
      '/../secret',
      '/..%2fsecret',
      '/sub/../../secret',
      '//etc/passwd',
      '/%2e%2e/secret',
      '/sub',
    ]) {
      const client = await host.connect(t);
      client.send(`GET /files${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
      t.match(await client.closed(), /^HTTP\/1\.1 404 /, path);
    }
    await writeFile(join(site, 'index.html'), 'changed');
    t.match(await host.call('/files/'), { text: 'home' }, 'it is a snapshot');
    await mkdir(join(site, 'linked'));
    await symlink('/etc/passwd', join(site, 'linked', 'passwd'));
    const refused = deployToHost(host.api, deployment(site), new DeployProgress(silent, false));
    await t.rejects(refused, { code: 'snapshot_refused', message: /symbolic link/ });
    t.match(await host.call('/files/'), { text: 'home' });
  },
);

t.test('a guest cannot write to its snapshot', async (t) => {
  const digest = await host.upload(Buffer.from('original'));
  const files = [{ path: '/data/file', digest, size: 8, modifiedMs: 0 }];
  await host.deploy('reader', misbehave(), { directories: ['/data'], files });
  t.match(await host.call('/reader/fs?path=/data/file'), { text: 'original' });
  t.match(await host.call('/reader/fs?path=/data/file&write=evil'), { text: /^error / });
  t.match(await host.call('/reader/fs?path=/data/new&write=evil'), { text: /^error / });
  t.match(await host.call('/reader/fs?path=/data/file&remove=1'), { text: /^error / });
  t.match(await host.call('/reader/fs?path=/data/../../../etc/passwd'), { text: /^error / });
  t.match(await host.call('/reader/fs?path=/data/file'), { text: 'original' });
  t.match(await host.call('/reader/fs?path=/data'), { text: 'file\n' });
});

t.test('the environment is what was set, and a request cannot change it', async (t) => {
  const environment: [string, string][] = [
    ['GREETING', 'hello'],
    ['EMPTY', ''],
    ['UNICODE', 'gr\u00fc\u00df'],
  ];
  await host.deploy('env', misbehave(), { environment });
  t.match(await host.call('/env/env'), {
    text: 'EMPTY=\nGREETING=hello\nUNICODE=gr\u00fc\u00df\n',
  });
  const view = await host.api.json<object>({ method: 'GET', path: '/v1/functions/env' });
  t.notMatch(JSON.stringify(view), 'hello', 'values are nobody else\u2019s business');
  await host.deploy('upper', example('upper-c'), { environment: [['REQUEST_METHOD', 'GET']] });
  const answer = await host.call('/upper/', {
    method: 'POST',
    body: 'shout',
    headers: { proxy: 'evil' },
  });
  t.match(answer, { status: 200, text: 'SHOUT' });
});

t.test('a fresh instance has no memory of the last request, a reused one has', async (t) => {
  await host.deploy('fresh', misbehave());
  t.same(
    [(await host.call('/fresh/state')).text, (await host.call('/fresh/state')).text],
    ['1\n', '1\n'],
  );
  await host.deploy('reused', misbehave(), { isolation: 'reuse' });
  t.same(
    [(await host.call('/reused/state')).text, (await host.call('/reused/state')).text],
    ['1\n', '2\n'],
  );
  t.match(await host.call('/reused/panic'), { status: 500 });
  t.match(await host.call('/reused/state'), { text: '1\n' }, 'what trapped is thrown away');
  const limits = { timeoutMs: 200 };
  await host.deploy('reused', misbehave(), { isolation: 'reuse', limits });
  t.match(await host.call('/reused/state'), { text: '1\n' });
  t.match(await host.call('/reused/sleep-forever'), { status: 504 });
  t.match(await host.call('/reused/state'), { text: '1\n' }, 'what was ended is thrown away');
  const command = await host.refusal('kept', example('upper-c'), { isolation: 'reuse' });
  t.match(command, { code: 'reuse_needs_http', status: 400 });
});
