import { once } from 'node:events';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { digestOf } from '../../host/base/ids.ts';
import { openHarness, type AdminHarness } from './harness.ts';

const BYTES = Buffer.from('some bytes');
const DIGEST = digestOf(BYTES);
const SMALL = { deploy: { artifactBytes: 1000, snapshotBytes: 1000 } };

/** Begins an upload whose body the test writes. */
function begin({ url, token }: AdminHarness, headers: Record<string, string> = {}): ClientRequest {
  return request(`${url}/v1/artifacts/${DIGEST}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
}

async function answerOf(
  call: ClientRequest,
): Promise<{ status: number | undefined; body: string }> {
  const [answer] = (await once(call, 'response')) as [IncomingMessage];
  return { status: answer.statusCode, body: await text(answer) };
}

t.test('bytes are uploaded under their digest', async (t) => {
  const { call, artifacts } = await openHarness(t);
  const path = `/v1/artifacts/${DIGEST}`;
  t.equal((await call('HEAD', path)).status, 404);
  t.match(await call('PUT', path, BYTES), {
    status: 201,
    json: { digest: DIGEST, bytes: BYTES.length },
  });
  t.equal((await call('HEAD', path)).status, 200);
  t.same(await artifacts.load(DIGEST), BYTES);
  t.equal((await call('PUT', path, BYTES)).status, 201, 'again is no error');
});

t.test('wrong digests are refused and nothing is kept', async (t) => {
  const { call, artifacts } = await openHarness(t);
  const other = digestOf(Buffer.from('other'));
  t.match(await call('PUT', `/v1/artifacts/${other}`, BYTES), {
    status: 400,
    json: { code: 'digest_mismatch' },
  });
  t.notOk(await artifacts.has(other));
  t.notOk(await artifacts.has(DIGEST));
  for (const digest of ['x', 'sha256:..%2f..', DIGEST.toUpperCase(), `${DIGEST}0`]) {
    t.match(await call('PUT', `/v1/artifacts/${digest}`, BYTES), {
      status: 400,
      json: { code: 'invalid_digest' },
    });
  }
  t.match(
    await call('PUT', `/v1/artifacts/${digestOf(Buffer.alloc(0))}`),
    { status: 201 },
    'no bytes are bytes too',
  );
});

t.test('an upload that says it is too large is refused before it is sent', async (t) => {
  const harness = await openHarness(t, SMALL);
  const call = begin(harness, { 'content-length': '104857600' });
  call.on('error', () => undefined);
  call.flushHeaders();
  const { status, body } = await answerOf(call);
  t.equal(status, 413);
  t.match(body, '"code":"artifact_too_large"');
  call.destroy();
  t.equal((await harness.call('GET', '/v1/functions')).status, 200);
});

t.test('a refused upload is read to its end, so that its sender gets the answer', async (t) => {
  const { call } = await openHarness(t, SMALL);
  const bytes = Buffer.alloc(20_000_000);
  t.match(await call('PUT', `/v1/artifacts/${DIGEST}`, bytes), {
    status: 413,
    json: { code: 'artifact_too_large' },
  });
});

t.test('an upload without a length is refused when it becomes too large', async (t) => {
  const harness = await openHarness(t, SMALL);
  const call = begin(harness);
  for (let count = 0; count < 20; count += 1) call.write(Buffer.alloc(1000));
  const answer = answerOf(call);
  call.end();
  t.match(await answer, { status: 413, body: /artifact_too_large/ });
  t.notOk(await harness.artifacts.has(DIGEST));
});

t.test('an upload that breaks off leaves nothing', async (t) => {
  const harness = await openHarness(t);
  const call = begin(harness, { 'content-length': '1000' });
  call.on('error', () => undefined);
  call.write(BYTES);
  await new Promise<void>((resolve) =>
    call.once('finish', resolve).destroy().once('close', resolve),
  );
  t.equal((await harness.call('PUT', `/v1/artifacts/${DIGEST}`, BYTES)).status, 201);
});
