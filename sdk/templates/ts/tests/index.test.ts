/** Calls the function as the host does. Node has the same Request and Response as the component's engine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import application from '../src/index.ts';

const context = { waitUntil() {}, passThroughOnException() {} };

async function call(path: string, init?: RequestInit): Promise<Response> {
  return application.fetch(new Request(`http://localhost${path}`, init), {}, context);
}

test('says hello', async () => {
  const response = await call('/?name=you');
  assert.equal(await response.text(), 'Hello from you\n');
});

test('sends the body back', async () => {
  const response = await call('/echo', { method: 'POST', body: 'abc' });
  assert.equal(await response.text(), 'abc');
});

test('knows no other path', async () => {
  assert.equal((await call('/nothing')).status, 404);
});
