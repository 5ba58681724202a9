import t from 'tap';
import { openHarness, send, type Answer } from './harness.ts';

const PATH = '/v1/key-value';
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const put = (value: string, more: object = {}): object => ({ valueBase64: base64(value), ...more });

t.test('values are written, read, listed and deleted, in the store that is meant', async (t) => {
  const { call, deploy, keyValue } = await openHarness(t);
  const keyGrants = [{ label: 'default' }, { label: 'cache', shared: 'all' }];
  await deploy('app', undefined, { keyValue: keyGrants });
  const value = `${PATH}/value?store=app&key=a%2Fb`;
  const answer = await call('PUT', value, put('v', { ttlMs: 60_000, metadata: 'm' }));
  t.match(answer, { status: 200, json: { revision: Number } });
  t.match((await call('GET', value)).json, { valueBase64: base64('v'), metadata: 'm' });
  t.ok(await keyValue.open('default/function/app/default').exists('a/b'));
  await call('PUT', `${PATH}/value?store=app/cache&key=k`, put('shared'));
  t.ok(await keyValue.open('default/shared/all').exists('k'), 'what it opens as "cache"');
  t.equal((await call('GET', `${PATH}/value?store=@all&key=k`)).status, 200);
  await call('PUT', `${PATH}/value?store=app/old&key=k`, put(''));
  t.ok(await keyValue.open('default/function/app/old').exists('k'), 'no longer granted');
  await call('PUT', `${PATH}/value?store=app&key=c`, put('longer'));
  const listed = await call('GET', `${PATH}/keys?store=app&limit=1`);
  t.match(listed.json, { keys: [{ key: 'a/b', size: 1 }], cursor: 'a/b' });
  const rest = await call('GET', `${PATH}/keys?store=app&prefix=c`);
  t.same(rest.json, { keys: [{ key: 'c', size: 6 }] });
  t.same((await call('DELETE', value)).json, { deleted: 'a/b' });
  t.match(await call('DELETE', value), { status: 404, json: { code: 'unknown_key' } });
  t.match(await call('GET', value), { status: 404, json: { code: 'unknown_key' } });
});

t.test('what cannot be meant is refused with a code', async (t) => {
  const { call, deploy } = await openHarness(t);
  await deploy('app');
  const cases: readonly (readonly [string, string, object | undefined, number, string])[] = [
    ['GET', 'value?store=app', undefined, 400, 'invalid_request'],
    ['GET', 'value?store=nope&key=k', undefined, 404, 'unknown_function'],
    ['GET', 'value?store=&key=k', undefined, 400, 'invalid_name'],
    ['GET', 'value?store=app/a/b&key=k', undefined, 400, 'invalid_store'],
    ['GET', 'value?store=app/&key=k', undefined, 400, 'invalid_store'],
    ['GET', 'value?store=@&key=k', undefined, 400, 'invalid_store'],
    ['GET', 'value?store=@../function/app/default&key=k', undefined, 400, 'invalid_store'],
    ['GET', 'value?store=app&key=', undefined, 400, 'invalid_key'],
    ['PUT', 'value?store=app&key=k', { valueBase64: '%' }, 400, 'invalid_request'],
    ['PUT', 'value?store=app&key=k', put('v', { ttlMs: 0 }), 400, 'invalid_request'],
    ['PUT', 'value?store=app&key=k', put('v', { ttl: 1 }), 400, 'invalid_request'],
    ['PUT', 'value?store=app&key=k', put('v'.repeat(2 ** 20 + 1)), 400, 'key_value_refused'],
    ['PUT', 'value?store=app&key=k', put('v'.repeat(3 * 2 ** 20)), 413, 'body_too_large'],
    ['GET', 'keys?store=app&limit=0', undefined, 400, 'invalid_request'],
  ];
  for (const [method, path, body, status, code] of cases) {
    const answer = await call(method, `${PATH}/${path}`, body);
    t.match(answer, { status, json: { code } }, `${method} ${path}`);
  }
});

t.test('whoever may only look sees keys, and no values', async (t) => {
  const { url, call, deploy } = await openHarness(t);
  await deploy('app');
  await call('PUT', `${PATH}/value?store=app&key=k`, put('v'));
  const made = await call('POST', '/v1/tokens', { name: 'reader', scopes: ['read'] });
  const { token } = made.json as { token: string };
  const ask = (method: string, path: string, body?: object): Promise<Answer> =>
    send(`${url}${PATH}/${path}`, method, body, { authorization: `Bearer ${token}` });
  t.equal((await ask('GET', 'keys?store=app')).status, 200);
  t.equal((await ask('GET', 'value?store=app&key=k')).status, 403);
  t.equal((await ask('PUT', 'value?store=app&key=k', put('w'))).status, 403);
  t.equal((await ask('DELETE', 'value?store=app&key=k')).status, 403);
  t.equal((await send(`${url}${PATH}/keys?store=app`, 'GET')).status, 401);
});

t.test("a function's own stores are deleted with it, shared ones stay", async (t) => {
  const { call, deploy, keyValue } = await openHarness(t);
  for (const name of ['app', 'app-2']) {
    await deploy(name);
    await call('PUT', `${PATH}/value?store=${name}/x&key=k`, put('v'));
  }
  await call('PUT', `${PATH}/value?store=@app&key=k`, put('v'));
  await call('DELETE', '/v1/functions/app');
  const found = ['default/function/app/x', 'default/function/app-2/x', 'default/shared/app'].map(
    (name) => keyValue.open(name).exists('k'),
  );
  t.same(await Promise.all(found), [false, true, true]);
});
