/** Calls the application as the host does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import app from '../src/index.ts';

test('says hello', async () => {
  const response = await app.request('/?name=you', {}, {});
  assert.equal(await response.text(), 'Hello from you\n');
});

test('sends the body back', async () => {
  const response = await app.request('/echo', { method: 'POST', body: 'abc' });
  assert.equal(await response.text(), 'abc');
});

test('knows no other path', async () => {
  assert.equal((await app.request('/nothing')).status, 404);
});
