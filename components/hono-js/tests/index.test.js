/** The application on Node: `npm install && npm test` in this folder. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import app from '../src/index.js';

test('routes, parameters and queries', async () => {
  const answer = await app.request('/users/7?fields=a,b', {}, {});
  assert.deepEqual(await answer.json(), { id: 7, fields: ['a', 'b'], agent: null });
  assert.equal(answer.headers.get('x-served-by'), 'hono');
});

test('cookies', async () => {
  const answer = await app.request('/visits', { headers: { cookie: 'visits=2' } }, {});
  assert.deepEqual(await answer.json(), { visits: 3 });
  assert.match(answer.headers.get('set-cookie') ?? '', /^visits=3;/);
});

test('bad JSON is the client’s mistake', async () => {
  assert.equal((await app.request('/orders', { method: 'POST', body: '{' }, {})).status, 400);
});
