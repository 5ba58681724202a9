import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t from 'tap';
import { digestOf, parseFunctionName, type RequestId } from '../../host/base/ids.ts';
import { BAD_WASM, NOT_WASM, openHarness, WASM, type AdminHarness } from './harness.ts';

t.test('a deployment tells of its steps and ends with the result', async (t) => {
  const { deploy, call } = await openHarness(t);
  const answer = await deploy('app', WASM, { environment: [['KEY', 'secret-value']] });
  t.equal(answer.status, 200);
  t.match(answer.headers.get('content-type'), 'application/x-ndjson');
  const lines = answer.lines();
  t.same(
    lines.map((line) => line.step?.step),
    ['read', 'activate', undefined],
  );
  t.match(lines[2].result, {
    result: 'created',
    kind: 'http',
    findings: [/wasi:http/],
    urls: ['http://127.0.0.1:8080/app/', 'http://app.localhost:8080/'],
    version: {
      function: 'app',
      version: 1,
      live: true,
      artifact: digestOf(WASM),
      environment: ['KEY'],
    },
  });
  t.notMatch(answer.text, 'secret-value', 'values of the environment are not shown');
  const shown = await call('GET', '/v1/functions/app');
  t.match(shown.json, { name: 'app', live: { version: 1, limits: { timeoutMs: 30_000 } } });
  t.notMatch(shown.text, 'secret-value');
  t.equal(
    (await deploy('app', WASM, { environment: [['KEY', 'secret-value']] })).lines()[2].result
      .result,
    'unchanged',
  );
});

t.test(
  'a deployment is refused with a status before its first step, and in a line after',
  async (t) => {
    const { deploy, call } = await openHarness(t);
    t.match(await deploy('app', NOT_WASM), { status: 422, json: { code: 'not_wasm' } });
    const late = await deploy('app', BAD_WASM);
    t.equal(late.status, 200);
    t.match(late.lines().at(-1), {
      error: { code: 'engine_failed', status: 500, message: /broken/ },
    });
    const digest = digestOf(Buffer.from('never uploaded'));
    t.match(await call('POST', '/v1/functions/app/versions', { artifact: digest }), {
      status: 404,
      json: { code: 'unknown_artifact' },
    });
    t.equal((await call('GET', '/v1/functions/app')).status, 404, 'nothing is deployed');
  },
);

t.test('settings of a deployment are validated strictly', async (t) => {
  const { deploy } = await openHarness(t, { deploy: { snapshotBytes: 1000, snapshotFiles: 3 } });
  const digest = digestOf(WASM);
  const file = (path: string, size = 1): object => ({ path, digest, size, modifiedMs: 0 });
  const cases: readonly (readonly [object, string, RegExp])[] = [
    [{ isolatoin: 'reuse' }, 'invalid_settings', /"isolatoin": .*nearest is "isolation"/],
    [{ isolation: 'none' }, 'invalid_settings', /"isolation"/],
    [{ artifact: 'sha256:x' }, 'invalid_settings', /"artifact": it is not a sha256 digest/],
    [{ limits: { memoryBytes: '64MiB' } }, 'invalid_settings', /"limits.memoryBytes"/],
    [{ limits: { timeoutMs: 0 } }, 'invalid_settings', /"limits.timeoutMs"/],
    [{ limits: { cpus: 1 } }, 'invalid_settings', /"limits.cpus": there is no such setting/],
    [{ limits: { cpuMS: 1 } }, 'invalid_settings', /"limits.cpuMS": .*nearest is "cpuMs"/],
    [{ limits: { cpuMs: 0.5 } }, 'invalid_settings', /"limits.cpuMs"/],
    [{ limits: { cpuMs: 3_600_001, timeoutMs: 4e6 } }, 'invalid_settings', /"limits.cpuMs"/],
    [{ limits: { cpuMs: 2000, timeoutMs: 1000 } }, 'invalid_settings', /more than the timeout/],
    [{ instances: { mni: 1 } }, 'invalid_settings', /"instances.mni": .*nearest is "min"/],
    [{ instances: { min: -1 } }, 'invalid_settings', /"instances.min"/],
    [{ instances: { max: 0 } }, 'invalid_settings', /"instances.max"/],
    [{ instances: { min: 3, max: 2 } }, 'invalid_settings', /more than the maximum, 2/],
    [{ instances: { reuseCount: 0 } }, 'invalid_settings', /"instances.reuseCount"/],
    [{ instances: { concurrentReuseCount: 1001 } }, 'invalid_settings', /concurrentReuseCount/],
    [{ instances: { concurrentReuseCount: 2 } }, 'invalid_settings', /for isolation "reuse"/],
    [{ instances: { maxAgeMs: 1e10 } }, 'invalid_settings', /"instances.maxAgeMs"/],
    [{ instances: { idleTimeoutMs: 1.5 } }, 'invalid_settings', /"instances.idleTimeoutMs"/],
    [{ instances: { snapshot: 'always' } }, 'invalid_settings', /"instances.snapshot"/],
    [{ budget: { requestsPerSecond: 0 } }, 'invalid_settings', /"budget.requestsPerSecond"/],
    [{ budget: { cpuMsPerMinute: '1s' } }, 'invalid_settings', /"budget.cpuMsPerMinute"/],
    [{ serverTiming: 'yes' }, 'invalid_settings', /"serverTiming"/],
    [
      {
        environment: [
          ['A', '1'],
          ['A', '2'],
        ],
      },
      'invalid_settings',
      /it names "A" twice/,
    ],
    [{ environment: [['A=B', '1']] }, 'invalid_settings', /"environment.0.0"/],
    [{ environment: [['A', 'x\0y']] }, 'invalid_settings', /NUL/],
    [{ config: [['A=B', '1']] }, 'invalid_settings', /"config.0.0"/],
    [{ secrets: [['A', 'x\0y']] }, 'invalid_settings', /"secrets.0.1".*NUL/],
    [{ config: [['A', '1']], secrets: [['A', '2']] }, 'invalid_settings', /"secrets".*"A" twice/],
    [{ keyValue: [{ label: 'a/b' }] }, 'invalid_settings', /"keyValue.0.label"/],
    [{ keyValue: [{ label: 'a', shared: '' }] }, 'invalid_settings', /"keyValue.0.shared"/],
    [{ keyValue: [{ label: 'a', own: 'b' }] }, 'invalid_settings', /"keyValue.0.own"/],
    [{ keyValue: [{ label: 'a' }, { label: 'a' }] }, 'invalid_settings', /"keyValue".*"a" twice/],
    [{ allowedHosts: ['a b'] }, 'invalid_settings', /"allowedHosts.0"/],
    [{ directories: ['data'] }, 'invalid_settings', /"directories.0"/],
    [{ directories: ['/a/../b'] }, 'invalid_settings', /"directories.0"/],
    [{ directories: ['/a', '/a'] }, 'invalid_settings', /one is named twice/],
    [{ files: [file('/a/b')] }, 'invalid_settings', /lies in none of the directories/],
    [{ directories: ['/a'], files: [file('/ab')] }, 'invalid_settings', /lies in none/],
    [{ directories: ['/'], files: [file('/x'), file('/x')] }, 'invalid_settings', /twice/],
    [
      { directories: ['/'], files: [file('/x'), file('/x/y')] },
      'invalid_settings',
      /a file and a directory/,
    ],
    [{ directories: ['/'], files: [file('/../x')] }, 'invalid_settings', /"files.0.path"/],
    [
      { directories: ['/'], files: [file('/x', 600), file('/y', 600)] },
      'artifact_too_large',
      /1000/,
    ],
    [
      { directories: ['/'], files: ['/1', '/2', '/3', '/4'].map((path) => file(path)) },
      'invalid_settings',
      /more than 3/,
    ],
    [{ routes: ['https://x/y?z'] }, 'invalid_route', /query/],
    [{ routes: ['other.localhost/*'] }, 'invalid_route', /belongs to the function "other"/],
    [{ routes: ['*.localhost/*'] }, 'invalid_route', /belong to the functions/],
    [{ routes: ['a.example', 'A.example/*'] }, 'invalid_route', /twice/],
  ];
  for (const [settings, code, message] of cases) {
    const answer = await deploy('app', WASM, settings);
    t.match(answer.json, { code, message }, JSON.stringify(settings).slice(0, 80));
    t.ok(answer.status >= 400 && answer.status < 500);
  }
});

t.test('routes, files and limits arrive as they were sent', async (t) => {
  const { deploy, call, registry } = await openHarness(t);
  const digest = digestOf(WASM);
  const settings = {
    routes: ['API.example.com/v1/*', '/any/*'],
    directories: ['/data'],
    files: [{ path: '/data/a.txt', digest, size: WASM.length, modifiedMs: 1234 }],
    limits: { memoryBytes: 1 << 20, concurrency: 3, cpuMs: 50 },
    isolation: 'reuse',
    instances: { min: 1, snapshot: 'never' },
    budget: { requestsPerSecond: 0.5, cpuMsPerMinute: 30_000 },
    serverTiming: true,
    allowedHosts: ['*.example.com:8443'],
  };
  t.equal((await deploy('app', WASM, settings)).lines().at(-1).result.result, 'created');
  const record = registry.snapshot.functions.get(parseFunctionName('app'));
  t.match(record?.live.settings, {
    files: settings.files,
    directories: ['/data'],
    isolation: 'reuse',
    limits: { memoryBytes: 1 << 20, concurrency: 3, cpuMs: 50, queue: 256 },
    instances: { min: 1, max: 3, reuseCount: 10_000, snapshot: 'never' },
    budget: { requestsPerSecond: 0.5, cpuMsPerMinute: 30_000 },
    serverTiming: true,
  });
  t.match((await call('GET', '/v1/functions/app')).json.live, {
    limits: { cpuMs: 50 },
    instances: { min: 1, max: 3, snapshot: 'never' },
    budget: { requestsPerSecond: 0.5, cpuMsPerMinute: 30_000 },
    serverTiming: true,
  });
  const { json } = await call('GET', '/v1/routes');
  t.same(
    json.routes.map(({ host, path }: { host: string; path: string }) => host + path),
    ['app.localhost/*', '*/app/*', '*/any/*', 'api.example.com/v1/*'],
  );
  t.match((await call('GET', '/v1/functions')).json.functions[0].urls, [
    'http://127.0.0.1:8080/app/',
    'http://app.localhost:8080/',
    'http://127.0.0.1:8080/any/*',
    'http://api.example.com:8080/v1/*',
  ]);
});

t.test(
  'two deployments of one name at once both end, as versions one after the other',
  async (t) => {
    const { deploy, call } = await openHarness(t);
    const answers = await Promise.all([
      deploy('app', WASM, { limits: { concurrency: 1 } }),
      deploy('app', WASM, { limits: { concurrency: 2 } }),
    ]);
    t.same(answers.map((answer) => answer.lines().at(-1).result.version.version).sort(), [1, 2]);
    const { json } = await call('GET', '/v1/functions/app/versions');
    t.equal(json.versions.length, 2);
    t.same(json.versions.map(({ live }: { live: boolean }) => live).sort(), [false, true]);
  },
);

t.test('the alias moves to a version or back, and changes are recorded', async (t) => {
  const { deploy, call } = await openHarness(t);
  await deploy('app');
  await deploy('app', WASM, { limits: { concurrency: 2 } });
  const path = '/v1/functions/app/aliases/live';
  t.equal((await call('PUT', path, { previous: true })).json.live.version, 1);
  t.equal((await call('PUT', path, { version: 2 })).json.live.version, 2);
  t.match(await call('PUT', path, { version: 9 }), {
    status: 404,
    json: { code: 'unknown_version' },
  });
  for (const body of [
    {},
    { version: 0 },
    { version: '1' },
    { previous: false },
    { version: 1, x: 1 },
    [],
  ]) {
    t.match(await call('PUT', path, body), { status: 400, json: { code: 'invalid_request' } });
  }
  t.match(await call('PUT', '/v1/functions/none/aliases/live', { version: 1 }), {
    status: 404,
    json: { code: 'unknown_function' },
  });
  const { json } = await call('GET', '/v1/changes?limit=2');
  t.match(json.changes, [{ action: 'rollback', function: 'app' }, { action: 'rollback' }]);
  t.equal(json.changes.length, 2);
  t.equal((await call('GET', '/v1/changes?limit=0')).status, 400);
});

t.test('delete removes the function at once, its log, its series and its bytes', async (t) => {
  const harness = await openHarness(t);
  const { deploy, call, guestLog, forgotten, artifacts } = harness;
  await deploy('app');
  await deploy('keeps', Buffer.concat([WASM, Buffer.from('other')]));
  await call('POST', '/v1/functions/app/invoke');
  const name = parseFunctionName('app');
  t.equal(guestLog.read(name, { tail: 1 }).length, 1);
  t.match(await call('DELETE', '/v1/functions/app'), { status: 200, json: { deleted: 'app' } });
  t.equal((await call('GET', '/v1/functions/app')).json.code, 'unknown_function');
  t.equal(guestLog.read(name, { tail: 1 }).length, 0);
  t.same(forgotten, ['app']);
  t.match(await call('DELETE', '/v1/functions/app'), { status: 404 });
  // Closing waits for the collection that the deletion began; to ask before would keep the bytes for a while.
  const kept = digestOf(Buffer.concat([WASM, Buffer.from('other')]));
  await harness.close();
  t.notOk(await artifacts.has(digestOf(WASM)), 'its bytes are gone');
  t.ok(await artifacts.has(kept), 'bytes of other functions stay');
});

t.test('bytes that nothing refers to are gone after the next start', async (t) => {
  const dataDir = join(t.testdir({}), 'data');
  const before = await openHarness(t, {}, dataDir);
  await before.deploy('app');
  const unused = Buffer.concat([WASM, Buffer.from('unused')]);
  const path = `/v1/artifacts/${digestOf(unused)}`;
  t.match(await before.call('PUT', path, unused), { status: 201 });
  await before.close();
  const after = await openHarness(t, {}, dataDir);
  t.notOk(await after.artifacts.has(digestOf(unused)));
  t.ok(await after.artifacts.has(digestOf(WASM)), 'what is deployed stays');
});

t.test('logs are filtered, and refuse what they do not know', async (t) => {
  const { deploy, call, guestLog } = await openHarness(t);
  await deploy('app');
  for (const text of ['a', 'b', 'c']) writeLine(guestLog, text);
  const path = '/v1/functions/app/logs';
  const shown = async (query: string): Promise<unknown> =>
    (await call('GET', `${path}${query}`)).lines().map((line) => line?.line.text);
  t.same(await shown(''), ['a', 'b', 'c']);
  t.same(await shown('?tail=1'), ['c']);
  t.same(await shown('?request=b'), ['b']);
  t.equal((await call('GET', `${path}?tail=0`)).text, '');
  for (const query of ['?tail=-1', '?tail=x', '?follow=yes', '?tial=1']) {
    t.match(await call('GET', path + query), { status: 400, json: { code: 'invalid_request' } });
  }
  t.equal((await call('GET', '/v1/functions/none/logs')).json.code, 'unknown_function');
});

t.test('a followed log goes on until the client leaves', async (t) => {
  const harness = await openHarness(t);
  await harness.deploy('app');
  writeLine(harness.guestLog, 'before');
  const { answer, leave } = await openFollow(harness);
  answer.setEncoding('utf8');
  const lines = createInterface(answer)[Symbol.asyncIterator]();
  t.same(await lines.next(), { value: '{"following":"app"}', done: false });
  t.match((await lines.next()).value, /"text":"before"/);
  writeLine(harness.guestLog, 'after');
  t.match((await lines.next()).value, /"text":"after"/);
  const left = once(answer, 'error');
  leave();
  await left;
  const end = await openFollow(harness);
  await harness.call('DELETE', '/v1/functions/app');
  end.answer.resume();
  await once(end.answer, 'end');
});

function writeLine(guestLog: AdminHarness['guestLog'], text: string): void {
  const name = parseFunctionName('app');
  const requestId = text as RequestId;
  guestLog.append({ atMs: 1, function: name, version: 1, requestId, stream: 'stdout', text });
}

async function openFollow({
  url,
  token,
}: AdminHarness): Promise<{ answer: IncomingMessage; leave: () => void }> {
  const call = request(`${url}/v1/functions/app/logs?follow=true`, {
    headers: { authorization: `Bearer ${token}` },
  }).end();
  const [answer] = (await once(call, 'response')) as [IncomingMessage];
  return { answer, leave: () => call.destroy() };
}
