import { readFile, rm } from 'node:fs/promises';
import t, { type Test } from 'tap';
import '../support/plain-spawn.ts';
import { openArtifactReader } from '../../host/artifacts/artifact-reader.ts';
import { openFsArtifactStore } from '../../host/artifacts/fs-artifact-store.ts';
import { systemClock } from '../../host/base/clock.ts';
import { HostError } from '../../host/base/errors.ts';
import { digestOf, type Digest } from '../../host/base/ids.ts';
import { WorkerArtifacts } from '../../host/cluster/worker-artifacts.ts';
import { preparedKey } from '../../host/deploy/prepared-key.ts';
import { MANIFEST_FILE } from '../../host/engine/manifest.ts';
import { pieces } from '../artifacts/artifact-store-suite.ts';
import { artifactPath, flipBit, preparedPaths } from '../faults/damage.ts';

const ARTIFACT = digestOf(Buffer.from('an artifact'));
const FILES: ReadonlyMap<string, Uint8Array> = new Map([
  [MANIFEST_FILE, Buffer.from('{"is":"a manifest"}')],
  ['core0.wasm', Buffer.alloc(5000, 7)],
]);

const PREPARED = [...FILES].map(([name, bytes]) => ({ name, bytes }));

type Supervisor = (method: string, params: unknown) => Promise<unknown>;

/** A worker's reader beside the store of its supervisor, with one prepared artifact. */
async function open(
  t: Test,
  supervisor: (store: Awaited<ReturnType<typeof openFsArtifactStore>>) => Supervisor,
): Promise<{ artifacts: WorkerArtifacts; dataDir: string; calls: unknown[] }> {
  const dataDir = t.testdir();
  const store = await openFsArtifactStore(dataDir, { clock: systemClock });
  t.teardown(() => store.close());
  await store.putPrepared(preparedKey(ARTIFACT), PREPARED);
  const calls: unknown[] = [];
  const answer = supervisor(store);
  const artifacts = new WorkerArtifacts({
    store: openArtifactReader(dataDir, systemClock),
    call: (method, params, timeoutMs) => {
      calls.push([method, params, timeoutMs]);
      return answer(method, params);
    },
    timeoutMs: 1234,
  });
  return { artifacts, dataDir, calls };
}

const nobody: Supervisor = (method) => Promise.reject(new HostError('link_lost', { method }));

t.test('what is whole is read without asking anybody', async (t) => {
  const { artifacts, calls } = await open(t, () => nobody);
  const { manifest, files } = await artifacts.load(ARTIFACT);
  t.match(manifest, { is: 'a manifest' });
  t.equal(files.get('core0.wasm')?.byteLength, 5000);
  t.same(calls, []);
});

for (const damage of ['changed', 'gone'] as const) {
  t.test(`prepared files that are ${damage} are mended by the supervisor`, async (t) => {
    const { artifacts, dataDir, calls } = await open(t, (store) => async () => {
      await store.putPrepared(preparedKey(ARTIFACT), PREPARED);
      return {};
    });
    for (const path of await preparedPaths(dataDir)) {
      await (damage === 'gone' ? rm(path) : flipBit(path));
    }
    const { files } = await artifacts.load(ARTIFACT);
    t.ok(Buffer.alloc(5000, 7).equals(files.get('core0.wasm') ?? Buffer.alloc(0)));
    t.strictSame(calls, [['artifact.load', { digest: ARTIFACT }, 1234]]);
  });
}

t.test('what the disk does not take comes over the link', async (t) => {
  const { artifacts, dataDir } = await open(t, () => async () => ({
    files: Object.fromEntries(
      [...FILES].map(([name, b]) => [name, Buffer.from(b).toString('base64')]),
    ),
  }));
  for (const path of await preparedPaths(dataDir)) await flipBit(path);
  const { manifest, files } = await artifacts.load(ARTIFACT);
  t.match(manifest, { is: 'a manifest' });
  t.strictSame([...files.keys()], [...FILES.keys()]);
});

t.test('what cannot be mended is refused with the code that says why', async (t) => {
  const refused = await open(
    t,
    () => () =>
      Promise.reject(new HostError('artifact_quarantined', { digest: ARTIFACT, reason: 'gone' })),
  );
  const missing = digestOf(Buffer.from('another')) as Digest;
  await t.rejects(refused.artifacts.load(missing), { code: 'artifact_quarantined' });

  const alone = await open(t, () => nobody);
  for (const path of await preparedPaths(alone.dataDir)) await flipBit(path);
  await t.rejects(alone.artifacts.load(ARTIFACT), { code: 'link_lost' });

  const lying = await open(t, () => () => Promise.resolve({}));
  for (const path of await preparedPaths(lying.dataDir)) await flipBit(path);
  await t.rejects(
    lying.artifacts.load(ARTIFACT),
    { code: 'artifact_corrupt' },
    'damaged bytes are not used, whatever is said of them',
  );
  t.equal(lying.calls.length, 1, 'and it is asked for once');
});

t.test('a damaged file of a snapshot is mended, or refused', async (t) => {
  const bytes = Buffer.alloc(3000, 1);
  const digest = digestOf(bytes);
  const { artifacts, dataDir, calls } = await open(t, (store) => async () => {
    await store.put(pieces(bytes), 1e6, digest);
    return {};
  });
  await t.rejects(
    open(t, () => nobody).then((other) => other.artifacts.openFile(digest)),
    { code: 'link_lost' },
  );
  const file = await artifacts.openFile(digest);
  t.equal((await file.read(0, 5000)).length, 3000);
  await file.close();
  t.strictSame(calls, [['artifact.openFile', { digest }, 1234]]);
  t.ok(bytes.equals(await readFile(artifactPath(dataDir, bytes))));
});
