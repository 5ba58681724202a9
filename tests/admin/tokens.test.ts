import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { allowsScope, createToken, parseToken } from '../../host/admin/token-format.ts';
import { openHarness, send } from './harness.ts';

t.test('createToken() makes a token whose secret is kept as a hash only', async (t) => {
  const { record, text } = createToken('ci', ['deploy'], 5);
  t.match(text, /^faas_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/);
  t.match(record, { name: 'ci', scopes: ['deploy'], createdMs: 5, secretHash: /^[0-9a-f]{64}$/ });
  t.notMatch(JSON.stringify(record), text.slice(-43));
  t.same(parseToken(text)?.id, record.id);
  t.equal(parseToken(text)?.secretHash.toString('hex'), record.secretHash);
  t.not(createToken('ci', [], 5).text, text);
  for (const wrong of [
    '',
    'faas_',
    text.slice(0, -1),
    `${text}x`,
    text.toUpperCase(),
    `${text}\n`,
  ]) {
    t.equal(parseToken(wrong), undefined, JSON.stringify(wrong));
  }
});

t.test('a scope includes the weaker ones', async (t) => {
  t.ok(allowsScope(['admin'], 'read'));
  t.ok(allowsScope(['deploy'], 'deploy'));
  t.notOk(allowsScope(['deploy'], 'admin'));
  t.notOk(allowsScope(['read'], 'deploy'));
  t.notOk(allowsScope([], 'read'));
});

t.test('the first token is in a file of its owner only, and survives a restart', async (t) => {
  const first = await openHarness(t);
  const file = join(first.dataDir, 'admin-token');
  t.equal((await stat(file)).mode & 0o777, 0o600);
  await first.close();
  await chmod(file, 0o644);
  const second = await openHarness(t, {}, first.dataDir);
  t.equal(second.token, first.token);
  t.equal((await stat(file)).mode & 0o777, 0o600, 'rights that were opened are closed again');
  t.equal((await second.call('GET', '/v1/functions')).status, 200);
  t.equal((await second.registry.loadTokens()).length, 1);
});

t.test('a lost or foreign token file is made anew', async (t) => {
  const first = await openHarness(t);
  const file = join(first.dataDir, 'admin-token');
  await first.close();
  await rm(file);
  const second = await openHarness(t, {}, first.dataDir);
  t.not(second.token, first.token);
  t.equal((await second.call('GET', '/v1/functions')).status, 200);
  await second.close();
  await writeFile(file, 'rubbish\n');
  const third = await openHarness(t, {}, first.dataDir);
  t.equal(third.token, (await readFile(file, 'utf8')).trim());
  t.equal((await third.call('GET', '/v1/functions')).status, 200);
  t.same((await third.registry.loadTokens()).map(({ name }) => name).sort(), [
    'admin',
    'admin-2',
    'admin-3',
  ]);
});

t.test('everything but health needs a token', async (t) => {
  const { url, token } = await openHarness(t);
  const digest = `sha256:${'0'.repeat(64)}`;
  const paths = [
    ['GET', '/v1/functions'],
    ['GET', '/v1/functions/app'],
    ['GET', '/v1/functions/app/versions'],
    ['GET', '/v1/functions/app/logs'],
    ['POST', '/v1/functions/app/versions'],
    ['POST', '/v1/functions/app/invoke'],
    ['PUT', '/v1/functions/app/aliases/live'],
    ['DELETE', '/v1/functions/app'],
    ['PUT', `/v1/artifacts/${digest}`],
    ['HEAD', `/v1/artifacts/${digest}`],
    ['GET', '/v1/tokens'],
    ['POST', '/v1/tokens'],
    ['GET', '/v1/host'],
    ['GET', '/v1/routes'],
    ['GET', '/v1/changes'],
    ['GET', '/no/such/path'],
  ] as const;
  const wrong = `${token.slice(0, -4)}AAAA`;
  for (const [method, path] of paths) {
    for (const header of [
      undefined,
      `Bearer ${wrong}`,
      'Bearer rubbish',
      `Basic ${token}`,
      token,
    ]) {
      const headers = header === undefined ? {} : { authorization: header };
      const answer = await send(url + path, method, undefined, headers);
      t.equal(
        answer.status,
        401,
        `${method} ${path} with ${header === undefined ? 'no' : 'a wrong'} token`,
      );
      if (method !== 'HEAD') t.match(answer.json, { code: 'unauthorized', fix: /admin-token/ });
    }
  }
  t.match((await send(`${url}/v1/host`, 'GET')).headers.get('www-authenticate'), /^Bearer/);
  t.equal((await send(`${url}/healthz`, 'GET')).status, 200);
  t.equal((await send(`${url}/readyz`, 'GET')).status, 200);
});

t.test('a token can do what its scope says and no more', async (t) => {
  const { call } = await openHarness(t);
  const made = async (name: string, scope: string): Promise<Record<string, string>> => {
    const answer = await call('POST', '/v1/tokens', { name, scopes: [scope] });
    t.equal(answer.status, 201);
    return { authorization: `Bearer ${answer.json.token}` };
  };
  const read = await made('looker', 'read');
  const deploy = await made('ci', 'deploy');
  t.equal((await call('GET', '/v1/functions', undefined, read)).status, 200);
  const refused = await call('DELETE', '/v1/functions/app', undefined, read);
  t.equal(refused.status, 403);
  t.match(refused.json, { code: 'forbidden', message: /"looker": it lacks the scope "deploy"/ });
  t.equal((await call('POST', '/v1/functions/app/invoke', undefined, read)).status, 403);
  t.equal((await call('DELETE', '/v1/functions/app', undefined, deploy)).status, 404);
  t.equal((await call('GET', '/v1/tokens', undefined, deploy)).status, 403);
  t.equal((await call('POST', '/v1/tokens', { name: 'x', scopes: ['admin'] }, deploy)).status, 403);
});

t.test('a new token is shown once, its hash never', async (t) => {
  const { call, registry } = await openHarness(t);
  const made = await call('POST', '/v1/tokens', { name: 'ci', scopes: ['deploy', 'deploy'] });
  t.match(made.json, { name: 'ci', scopes: ['deploy'], token: /^faas_/ });
  const listed = await call('GET', '/v1/tokens');
  t.same(Object.keys(listed.json.tokens[0]).sort(), ['createdMs', 'id', 'name', 'scopes']);
  t.notMatch(listed.text, made.json.token);
  const changes = await registry.loadChanges(1);
  t.match(changes[0], { action: 'token-create' });
  const again = await call('POST', '/v1/tokens', { name: 'ci', scopes: ['read'] });
  t.equal(again.status, 409);
  t.equal(again.json.code, 'token_exists');
  for (const body of [
    {},
    { name: 'x' },
    { name: 'x', scopes: [] },
    { name: 'x', scopes: ['root'] },
    { name: 'a b', scopes: ['read'] },
    { name: 'x', scopes: ['read'], more: 1 },
  ]) {
    t.match(await call('POST', '/v1/tokens', body), {
      status: 400,
      json: { code: 'invalid_request' },
    });
  }
});

t.test('/metrics is open as configured', async (t) => {
  for (const [open, status] of [
    ['loopback', 200],
    ['always', 200],
    ['never', 401],
  ] as const) {
    const { url, call } = await openHarness(t, { metrics: { open } });
    const answer = await send(`${url}/metrics`, 'GET');
    t.equal(answer.status, status, open);
    const allowed = await call('GET', '/metrics');
    t.equal(allowed.text, '# metrics\n');
    t.match(allowed.headers.get('content-type'), 'text/plain; version=0.0.4');
  }
});
