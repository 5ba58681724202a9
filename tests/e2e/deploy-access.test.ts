/** Who may deploy, under which names, and what comes of deployments that meet. */
import t from 'tap';
import { digestOf } from '../../host/base/ids.ts';
import { example, wat } from '../guests/guests.ts';
import { HostClient, openRaw, refusalOf } from './host-client.ts';
import { assertAlive, deployCanary, openRunningHost, type RunningHost } from './running-host.ts';

const HELLO = example('hello-rust');

let host: RunningHost;

t.before(async () => {
  host = await openRunningHost(t);
  await deployCanary(host);
  await host.deploy('hello', HELLO);
});

/** What everything that needs a token answers, when it is sent with this one. */
async function tryAll(authorization: string | undefined): Promise<readonly string[]> {
  const headers = authorization === undefined ? {} : { authorization };
  const digest = digestOf(HELLO);
  const calls = [
    ['PUT', `/v1/artifacts/${digest}`],
    ['HEAD', `/v1/artifacts/${digest}`],
    ['POST', '/v1/functions/stolen/versions'],
    ['POST', '/v1/functions/hello/invoke'],
    ['PUT', '/v1/functions/hello/aliases/live'],
    ['DELETE', '/v1/functions/hello'],
    ['GET', '/v1/functions'],
    ['GET', '/v1/functions/hello/logs'],
    ['POST', '/v1/tokens'],
    ['GET', '/v1/nothing'],
  ] as const;
  const ends = calls.map(async ([method, path]) => {
    const body = method === 'POST' ? { body: `{"artifact":"${digest}"}` } : {};
    const type = { 'content-type': 'application/json' };
    const answer = await host.send(host.adminUrl + path, {
      method,
      headers: { ...headers, ...(method === 'POST' ? type : {}) },
      ...body,
    });
    const { code = '' } = answer.text === '' ? {} : (JSON.parse(answer.text) as { code?: string });
    return `${answer.status} ${code}`.trim();
  });
  return Promise.all(ends);
}

t.test('without a token, or with a wrong one, nothing can be done or learnt', async (t) => {
  const [id] = host.token.split('_').slice(-2);
  const wrong = [
    undefined,
    'Bearer',
    'Bearer ',
    `Basic ${host.token}`,
    'Bearer wrong',
    `Bearer ${host.token}x`,
    `Bearer ${host.token.slice(0, -1)}`,
    `Bearer ${host.token.slice(0, -1)}${host.token.endsWith('0') ? '1' : '0'}`,
    `Bearer ${id}`,
  ];
  for (const authorization of wrong) {
    const ends = await tryAll(authorization);
    t.same(
      [...new Set(ends)].sort(),
      ['401', '401 unauthorized'],
      `${authorization?.slice(0, 12)}…`,
    );
  }
  await assertAlive(t, host, ['hello']);
});

t.test('a token without the scope is told which one it lacks', async (t) => {
  const json = { name: 'reader', scopes: ['read'] };
  const { token } = await host.api.json<{ token: string }>({
    method: 'POST',
    path: '/v1/tokens',
    json,
  });
  await using reader = new HostClient({
    ...host,
    dataUrl: host.dataUrl,
    adminUrl: host.adminUrl,
    token,
  });
  t.match(await reader.refusal('stolen', HELLO), {
    code: 'forbidden',
    status: 403,
    message: /lacks the scope "deploy"/,
  });
  const deletion = reader.api.json({ method: 'DELETE', path: '/v1/functions/hello' });
  t.match(await refusalOf(deletion), { code: 'forbidden' });
  t.equal((await reader.functions()).length, 2, 'it may look');
  await assertAlive(t, host, ['hello']);
});

const NAMES = [
  'a/b',
  '../b',
  'a\\b',
  'A',
  '-a',
  'a-',
  'a.b',
  'a_b',
  '\u00e9',
  'a b',
  'a\0',
  'x'.repeat(64),
];

t.test('a name that is none is refused, however it is written', async (t) => {
  const artifact = await host.upload(HELLO);
  for (const name of NAMES) {
    const path = `/v1/functions/${encodeURIComponent(name)}/versions`;
    const refusal = await refusalOf(host.api.json({ method: 'POST', path, json: { artifact } }));
    t.match(refusal, { code: 'invalid_name', status: 400 }, JSON.stringify(name));
    t.match(refusal.message, /^Cannot use the name "/);
  }
  await assertAlive(t, host, ['hello']);
});

t.test('dots and slashes in a path lead nowhere', async (t) => {
  const body = JSON.stringify({ artifact: digestOf(HELLO) });
  for (const name of ['..', '.', '%2e%2e', '%2E', 'a/../b', '', '..%2f..%2fetc']) {
    const path = `/v1/functions/${name}/versions`;
    const client = await openRaw(t, Number(new URL(host.adminUrl).port));
    client.send(
      `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${host.token}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    t.match(
      await client.until(/\}$/),
      /^HTTP\/1\.1 4\d\d [^]*"code":"(invalid_name|unknown_path)"/,
      path,
    );
  }
  await assertAlive(t, host, ['hello']);
});

t.test('settings of a deployment are checked strictly', async (t) => {
  const wrong: readonly (readonly [settings: object, code: string, says: RegExp])[] = [
    [{ memory: 1 }, 'invalid_settings', /"memory"/],
    [{ limits: { timeoutMs: 0 } }, 'invalid_settings', /limits\.timeoutMs/],
    [{ limits: { memoryBytes: '1GiB' } }, 'invalid_settings', /limits\.memoryBytes/],
    [{ isolation: 'none' }, 'invalid_settings', /isolation/],
    [{ environment: [['A=B', 'c']] }, 'invalid_settings', /environment/],
    [
      {
        environment: [
          ['A', '1'],
          ['A', '2'],
        ],
      },
      'invalid_settings',
      /"A" twice/,
    ],
    [{ allowedHosts: ['http://'] }, 'invalid_allowed_host', /"http:\/\/"/],
    [{ routes: ['no route'] }, 'invalid_route', /"no route"/],
    [{ directories: ['relative'] }, 'invalid_settings', /directories/],
    [{ directories: ['/a/../b'] }, 'invalid_settings', /directories/],
  ];
  for (const [settings, code, says] of wrong) {
    const refusal = await host.refusal('strict', HELLO, settings);
    t.match(refusal, { code, status: 400 }, JSON.stringify(settings));
    t.match(refusal.message, says);
  }
  const json = { artifact: `sha256:${'0'.repeat(64)}` };
  const path = '/v1/functions/strict/versions';
  const refusal = await refusalOf(host.api.json({ method: 'POST', path, json }));
  t.match(refusal, { code: 'unknown_artifact', status: 404 });
  await assertAlive(t, host, ['hello']);
});

t.test('bytes that do not have the digest they are sent under are not stored', async (t) => {
  const path = `/v1/artifacts/sha256:${'0'.repeat(64)}`;
  const sent = host.api.json({ method: 'PUT', path, bytes: HELLO, byteLength: HELLO.length });
  t.match(await refusalOf(sent), { code: 'digest_mismatch', status: 400 });
  await assertAlive(t, host, ['hello']);
});

t.test(
  'deploying the same bytes with the same settings again changes nothing and says so',
  async (t) => {
    const settings = { environment: [['A', '1']] as [string, string][] };
    const first = await host.deploy('again', HELLO, settings);
    t.match(first, { result: 'created', version: { version: 1 } });
    const steps: string[] = [];
    const second = await host.deploy('again', HELLO, settings, ({ detail }) => steps.push(detail));
    t.match(second, { result: 'unchanged', version: { version: 1, live: true } });
    t.ok(steps.includes('version 1 is live already'), steps.join(', '));
    const third = await host.deploy('again', HELLO, { environment: [['A', '2']] });
    t.match(third, { result: 'created', version: { version: 2 } });
    await host.api.json({ method: 'DELETE', path: '/v1/functions/again' });
  },
);

t.test('deployments of one name at once each become a version', async (t) => {
  const bytes = [HELLO, await wat('hello')];
  const results = await Promise.all(
    [0, 1, 2, 3, 4, 5, 6, 7].map((index) =>
      host.deploy('race', bytes[index % 2] ?? HELLO, { environment: [['N', String(index)]] }),
    ),
  );
  const numbers = results.map(({ version }) => version.version).sort((a, b) => a - b);
  t.same(numbers, [1, 2, 3, 4, 5, 6, 7, 8], 'none is lost and none is doubled');
  const path = '/v1/functions/race/versions';
  const { versions } = await host.api.json<{ versions: { live: boolean; version: number }[] }>({
    method: 'GET',
    path,
  });
  t.equal(versions.length, 8);
  t.same(
    versions.filter(({ live }) => live).map(({ version }) => version),
    [8],
  );
  t.equal((await host.call('/race/')).status, 200);
  await host.api.json({ method: 'DELETE', path: '/v1/functions/race' });
  await assertAlive(t, host, ['hello']);
});

t.test('a route belongs to one function, also when two ask for it at once', async (t) => {
  const routes = ['api.example.com/*'];
  const both = await Promise.allSettled(
    ['one', 'two'].map((name) => host.deploy(name, HELLO, { routes })),
  );
  t.same(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  const refused = both.find((one) => one.status === 'rejected');
  t.match(refused?.reason, { code: 'route_taken', status: 409 });
  const { status } = await host.call('/', { headers: { host: 'api.example.com' } });
  t.equal(status, 200);
});
