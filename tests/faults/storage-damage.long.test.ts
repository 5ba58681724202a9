/** Stored bytes that change: what can be made anew is, what cannot is refused with a code, and all else serves. */
import { cp, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import t, { type Test } from 'tap';
import type { FunctionDetails } from '../../host/admin/views.ts';
import { digestOf } from '../../host/base/ids.ts';
import type { Answer } from '../e2e/host-client.ts';
import {
  assertAlive,
  deployCanary,
  openRunningHost,
  type RunningHost,
} from '../e2e/running-host.ts';
import { example, misbehave } from '../guests/guests.ts';
import { artifactPath, flipBit, flipPrepared, preparedPaths } from './damage.ts';

const HELLO = example('hello-rust');

/** A data directory with `app` and a canary, which no host holds, and the prepared files of `app`. */
let model: string;
let ownFiles: readonly string[];

t.before(async () => {
  const host = await openRunningHost(t);
  await deployCanary(host);
  const others = await preparedPaths(host.dataDir);
  await host.deploy('app', HELLO);
  await host.close();
  model = host.dataDir;
  ownFiles = (await preparedPaths(model)).filter((file) => !others.includes(file));
});

/** Opens a host on a copy of the model that was damaged before. */
async function openDamaged(
  t: Test,
  damage: (dataDir: string, ownFiles: readonly string[]) => Promise<void>,
  config: Readonly<Record<string, unknown>> = {},
): Promise<RunningHost> {
  const dataDir = join(t.testdir({}), 'data');
  await cp(model, dataDir, { recursive: true });
  const files = ownFiles.map((file) => join(dataDir, relative(model, file)));
  await damage(dataDir, files);
  return openRunningHost(t, { dataDir, config });
}

async function describe(host: RunningHost, name: string): Promise<string> {
  const path = `/v1/functions/${name}`;
  const { findings } = await host.api.json<FunctionDetails>({ method: 'GET', path });
  return findings.join('\n');
}

const mended = async (host: RunningHost): Promise<number | undefined> =>
  (await host.metrics()).get('faas_artifact_damage_total{event="mended"}');

t.test('a module and generated code that have changed are prepared anew, once each', async (t) => {
  const host = await openDamaged(t, async (dataDir, files) => {
    // Modules of the one function, and the code of the other.
    for (const path of await preparedPaths(dataDir)) {
      const damaged = await flipPrepared(path, files.includes(path) ? /\.wasm$/ : /\.js$/);
      t.ok(damaged.length > 0, 'there is something to damage');
    }
  });
  const call = (path: string): Promise<Answer>[] =>
    Array.from({ length: 6 }, () => host.call(path));
  const answers = await Promise.all([...call('/app/'), ...call('/canary/')]);
  for (const { status } of answers) t.equal(status, 200);
  t.equal(answers[0]?.text, 'Hello from Rust\n');
  t.equal(await mended(host), 2, 'all who wait share the work');
  await assertAlive(t, host, ['app']);
  await host.close();
  const again = await openRunningHost(t, { dataDir: host.dataDir });
  t.equal((await again.call('/app/')).status, 200);
  t.equal(await mended(again), 0, 'both are whole now');
});

t.test('an artifact that is damaged too is in quarantine until it is deployed again', async (t) => {
  const host = await openDamaged(t, async (dataDir, files) => {
    for (const file of files) await flipBit(file);
    await flipBit(artifactPath(dataDir, HELLO));
  });
  for (const { status, error } of [await host.call('/app/'), await host.call('/app/')]) {
    t.equal(status, 503);
    t.equal(error?.code, 'artifact_quarantined');
  }
  const startedMs = performance.now();
  for (let left = 50; left > 0; left -= 1) await host.call('/app/');
  t.ok(performance.now() - startedMs < 2000, 'requests are refused without another look');
  await assertAlive(t, host, ['app']);
  t.match(
    await describe(host, 'app'),
    /^in quarantine since 20\S+Z: its bytes have changed since they were stored; deploy it again/,
  );
  t.match(await host.logs('app'), 'artifact_quarantined: ');
  t.equal((await host.metrics()).get('faas_artifacts_quarantined'), 1);

  t.notOk(await host.api.has(digestOf(HELLO)), 'damaged bytes count as missing');
  t.match(await host.deploy('app', HELLO), { result: 'unchanged', version: { version: 1 } });
  t.equal((await host.call('/app/')).text, 'Hello from Rust\n');
  t.notMatch(await describe(host, 'app'), /^in quarantine/m);
  t.equal((await host.metrics()).get('faas_artifacts_quarantined'), 0);
});

t.test('a damaged artifact never becomes code, also if it is prepared first', async (t) => {
  let left = 0;
  const host = await openDamaged(t, async (dataDir, files) => {
    for (const file of files) await rm(file);
    left = (await preparedPaths(dataDir)).length;
    // A byte of the text that the guest answers with: it would still be a valid component.
    await flipBit(artifactPath(dataDir, HELLO), Buffer.from(HELLO).indexOf('Hello from Rust'));
  });
  t.match(await host.call('/app/'), { status: 503, error: { code: 'artifact_quarantined' } });
  t.equal((await preparedPaths(host.dataDir)).length, left, 'nothing was made of it');
});

t.test('a function whose module is loaded serves on while its files are damaged', async (t) => {
  const host = await openDamaged(t, async () => {});
  await host.call('/app/');
  for (const file of await preparedPaths(host.dataDir)) await flipBit(file);
  await flipBit(artifactPath(host.dataDir, HELLO));
  t.equal((await host.call('/app/')).status, 200);
});

t.test('an artifact that is gone is in quarantine; deleting the function ends that', async (t) => {
  const host = await openDamaged(t, async (dataDir, files) => {
    for (const file of files) await flipBit(file);
    await rm(artifactPath(dataDir, HELLO));
  });
  t.match(await host.call('/app/'), { status: 503, error: { code: 'artifact_quarantined' } });
  await host.api.json({ method: 'DELETE', path: '/v1/functions/app' });
  t.equal((await host.metrics()).get('faas_artifacts_quarantined'), 0);
  await assertAlive(t, host);
});

t.test('a damaged file of a snapshot is an i/o error for the guest, and is told', async (t) => {
  const host = await openRunningHost(t);
  const texts = { good: Buffer.from('good text'), bad: Buffer.from('bad text') };
  const files = [];
  for (const [name, bytes] of Object.entries(texts)) {
    const digest = await host.upload(bytes);
    files.push({ path: `/data/${name}`, digest, size: bytes.length, modifiedMs: 0 });
  }
  const settings = { directories: ['/data'], files };
  await host.deploy('app', misbehave(), settings);
  await flipBit(artifactPath(host.dataDir, texts.bad));
  const read = async (name: string): Promise<string> =>
    (await host.call(`/app/fs?path=/data/${name}`)).text;
  t.match(await read('bad'), /^error/m);
  t.match(await read('good'), 'good text');
  t.match(
    await describe(host, 'app'),
    /file \/data\/bad unreadable since \S+: its bytes have changed/,
  );
  t.equal((await host.metrics()).get('faas_artifacts_quarantined'), 1);
  await host.upload(texts.bad);
  await host.deploy('app', misbehave(), settings);
  t.match(await read('bad'), 'bad text', 'a new upload mends it');
  t.equal((await host.metrics()).get('faas_artifacts_quarantined'), 0);
});

t.test('a function that the host can no longer prepare does not disturb others', async (t) => {
  // Rust's hello imports more, the canary does not.
  const config = { deploy: { imports: 20 } };
  const damage = async (_dataDir: string, files: readonly string[]): Promise<void> => {
    for (const file of files) await flipBit(file);
  };
  const host = await openDamaged(t, damage, config);
  t.match(await host.call('/app/'), {
    status: 503,
    error: { code: 'artifact_quarantined', message: /more than 20 imports/ },
  });
  await assertAlive(t, host, ['app']);
});
