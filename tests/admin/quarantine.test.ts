import t from 'tap';
import { parseFunctionName, type VersionNumber } from '../../host/base/ids.ts';
import { openHarness, send, type AdminHarness } from './harness.ts';

const app = parseFunctionName('app');
const FINDING = /^version 1 in quarantine since 2023-11-14T22:13:20Z: it did; "faas resume app" or/;

/** Puts the function's live version into quarantine. */
function quarantine({ quarantined, registry }: AdminHarness): void {
  const live = registry.snapshot.functions.get(app)?.live;
  quarantined.set(app, {
    name: app,
    version: live?.number ?? (0 as VersionNumber),
    versionCreatedMs: live?.createdMs ?? 0,
    reason: 'it did',
    sinceMs: 1_700_000_000_000,
  });
}

t.test('describing a function tells of its quarantine first, and no other function', async (t) => {
  const harness = await openHarness(t);
  await harness.deploy('app');
  await harness.deploy('other');
  quarantine(harness);
  const { json } = await harness.call('GET', '/v1/functions/app');
  t.match(json.findings, [FINDING, /wasi:http/]);
  const other = await harness.call('GET', '/v1/functions/other');
  t.notMatch(other.text, /quarantine/);
  await harness.deploy('app', undefined, { serverTiming: true });
  t.notMatch((await harness.call('GET', '/v1/functions/app')).text, /quarantine/, 'a new version');
});

t.test('a quarantine is ended once, and ending none is no error', async (t) => {
  const harness = await openHarness(t);
  await harness.deploy('app');
  quarantine(harness);
  const path = '/v1/functions/app/quarantine';
  t.match(await harness.call('DELETE', path), {
    status: 200,
    json: { name: 'app', resumed: true },
  });
  t.match(await harness.call('DELETE', path), {
    status: 200,
    json: { name: 'app', resumed: false },
  });
  t.notMatch((await harness.call('GET', '/v1/functions/app')).text, /quarantine/);
});

t.test('ending a quarantine needs a function, a name and the scope "deploy"', async (t) => {
  const harness = await openHarness(t);
  const { call, url } = harness;
  t.match(await call('DELETE', '/v1/functions/none/quarantine'), {
    status: 404,
    json: { code: 'unknown_function' },
  });
  t.match(await call('DELETE', '/v1/functions/A_B/quarantine'), {
    status: 400,
    json: { code: 'invalid_name' },
  });
  await harness.deploy('app');
  quarantine(harness);
  const { json } = await call('POST', '/v1/tokens', { name: 'reader', scopes: ['read'] });
  const headers = { authorization: `Bearer ${json.token}` };
  t.match(await send(`${url}/v1/functions/app/quarantine`, 'DELETE', undefined, headers), {
    status: 403,
    json: { code: 'forbidden' },
  });
  t.equal(harness.quarantined.size, 1);
});
