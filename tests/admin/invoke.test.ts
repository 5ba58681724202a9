import t from 'tap';
import { openHarness, type Answer } from './harness.ts';

function bodyOf(answer: Answer): Record<string, unknown> {
  return JSON.parse(Buffer.from(answer.json.bodyBase64, 'base64').toString());
}

t.test('invoke calls the function with what the query says and tells how it went', async (t) => {
  const { deploy, call } = await openHarness(t);
  await deploy('app');
  const query = new URLSearchParams({ method: 'PUT', path: '/a?b=c' });
  query.append('header', 'X-One: 1');
  query.append('header', 'x-one:2');
  const answer = await call(
    'POST',
    `/v1/functions/app/invoke?${query.toString()}`,
    Buffer.from('hi'),
  );
  t.equal(answer.status, 200);
  t.match(answer.json, {
    status: 200,
    headers: [['content-type', 'application/json']],
    outcome: 'ok',
    start: 'cold',
    version: 1,
    truncated: false,
    durationMs: Number,
    logs: [{ stream: 'stderr', text: 'called \x1b[2J', requestId: answer.json.requestId }],
  });
  t.same(bodyOf(answer), {
    method: 'PUT',
    authority: 'app.localhost',
    pathWithQuery: '/a?b=c',
    headers: [
      ['x-one', '1'],
      ['x-one', '2'],
      ['content-length', '2'],
    ],
    body: 'hi',
  });
});

t.test('invoke defaults to GET / and takes the authority from a host header', async (t) => {
  const { deploy, call } = await openHarness(t);
  await deploy('app');
  t.match(bodyOf(await call('POST', '/v1/functions/app/invoke')), {
    method: 'GET',
    pathWithQuery: '/',
    body: '',
    headers: [],
  });
  const named = await call('POST', '/v1/functions/app/invoke?header=Host%3A%20api.example');
  t.equal(bodyOf(named)['authority'], 'api.example');
});

t.test('invoke reports a failed call, with the answer a client would have got', async (t) => {
  const { deploy, call } = await openHarness(t);
  await deploy('app');
  const failed = await call('POST', '/v1/functions/app/invoke?path=/fail');
  t.equal(failed.status, 200, 'the call was made');
  t.match(failed.json, {
    status: 500,
    outcome: 'trap',
    start: 'warm',
    error: { code: 'guest_trapped' },
  });
  t.match(bodyOf(failed), { code: 'guest_trapped' });
  const half = await call('POST', '/v1/functions/app/invoke?path=/half');
  t.match(half.json, { status: 200, outcome: 'trap', truncated: true, aborted: /trapped/ });
});

t.test('invoke refuses what is no request', async (t) => {
  const { deploy, call } = await openHarness(t);
  await deploy('app');
  for (const query of [
    'path=x',
    'path=/%0a',
    'method=GE%20T',
    'header=x',
    'header=a%3Ab%0Ac',
    'pfad=/',
  ]) {
    const answer = await call('POST', `/v1/functions/app/invoke?${query}`);
    t.match(answer, { status: 400, json: { code: 'invalid_request' } }, query);
  }
  t.match(await call('POST', '/v1/functions/app/invoke', Buffer.alloc(17 * 1024 * 1024)), {
    status: 413,
    json: { code: 'admin_body_too_large' },
  });
  t.equal((await call('POST', '/v1/functions/none/invoke')).json.code, 'unknown_function');
});
