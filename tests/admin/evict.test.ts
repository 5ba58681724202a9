import t from 'tap';
import { openHarness } from './harness.ts';

t.test('a function is evicted by who may deploy', async (t) => {
  const { call, deploy, evicted } = await openHarness(t);
  await deploy('app');
  t.match(await call('POST', '/v1/functions/app/evict'), {
    status: 200,
    json: { name: 'app', modules: 1 },
  });
  t.same(evicted, ['app']);
  const { json } = await call('POST', '/v1/tokens', { name: 'reader', scopes: ['read'] });
  const headers = { authorization: `Bearer ${json.token}` };
  const refused = await call('POST', '/v1/functions/app/evict', undefined, headers);
  t.match(refused, { status: 403, json: { code: 'forbidden' } });
  t.match(await call('POST', '/v1/functions/none/evict'), {
    status: 404,
    json: { code: 'unknown_function' },
  });
  t.same(evicted, ['app']);
});
