/** What the deployer does with stored bytes that are damaged, on a store of its own and a clock that is moved. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import '../support/plain-spawn.ts';
import { openFsArtifactStore } from '../../host/artifacts/fs-artifact-store.ts';
import type { ArtifactStore } from '../../host/artifacts/store.ts';
import { HostError } from '../../host/base/errors.ts';
import { digestOf } from '../../host/base/ids.ts';
import { configSchema } from '../../host/config/schema.ts';
import { PipelineDeployer } from '../../host/deploy/pipeline-deployer.ts';
import { compileGenerated } from '../../host/engine/code-cache.ts';
import { silentLog } from '../../host/logs/log.ts';
import { silentObserver } from '../../host/metrics/observer.ts';
import { openSqliteRegistry } from '../../host/registry/sqlite-registry.ts';
import { artifactPath, flipBit, flipPrepared, preparedPaths } from '../faults/damage.ts';
import { wat } from '../guests/guests.ts';
import { ManualClock } from '../wasi/manual-clock.ts';

/** A deployer with one artifact of which nothing is prepared. */
async function open(
  t: Test,
  change: (store: ArtifactStore) => ArtifactStore = (store) => store,
): Promise<{ deployer: PipelineDeployer; bytes: Uint8Array; dataDir: string; clock: ManualClock }> {
  const dataDir = t.testdir();
  const clock = new ManualClock();
  const store = await openFsArtifactStore(dataDir, { clock });
  const registry = await openSqliteRegistry(join(dataDir, 'registry.sqlite'), {
    clock,
    log: silentLog,
  });
  const deployer = new PipelineDeployer({
    config: configSchema.parse({ dataDir }),
    artifacts: change(store),
    registry,
    observer: silentObserver,
    clock,
    log: silentLog,
    checkAllowedHosts: () => {},
  });
  t.teardown(async () => {
    deployer.close();
    await registry.close();
    await store.close();
  });
  const bytes = await wat('hello');
  await store.put(chunksOf(bytes), 1e9, undefined);
  return { deployer, bytes, dataDir, clock };
}

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

t.test('bytes that are whole again are found at the next look', async (t) => {
  const { deployer, bytes, dataDir, clock } = await open(t);
  const digest = digestOf(bytes);
  await flipBit(artifactPath(dataDir, bytes));
  await t.rejects(deployer.load(digest), { code: 'artifact_quarantined' });
  await flipBit(artifactPath(dataDir, bytes));
  await t.rejects(deployer.load(digest), { code: 'artifact_quarantined' }, 'nobody looks yet');
  clock.advance(5000);
  t.match(await deployer.load(digest), { manifest: { kind: 'http' } });
  await deployer.load(digest);
});

t.test('bytes that are gone are in quarantine, and not unknown', async (t) => {
  const { deployer, bytes, dataDir } = await open(t);
  await rm(artifactPath(dataDir, bytes));
  await t.rejects(deployer.load(digestOf(bytes)), {
    code: 'artifact_quarantined',
    status: 503,
    cause: { code: 'unknown_artifact' },
  });
});

t.test('compiled code with a flipped bit is never run, but made anew', async (t) => {
  const { deployer, bytes, dataDir } = await open(t);
  await deployer.load(digestOf(bytes));
  const [path = ''] = await preparedPaths(dataDir);
  t.same(await flipPrepared(path, /^glue\.cache$/), ['glue.cache']);
  const flipped = await readFile(path);
  const prepared = await deployer.load(digestOf(bytes));
  t.equal(compileGenerated(prepared, 'x.js').cachedDataRejected, false);
  const mended = await readFile(path);
  t.notSame(mended, flipped);
  t.ok(mended.includes(prepared.files.get('glue.cache') ?? Buffer.of(0)), 'and kept');
});

t.test('what is prepared anew serves, also if the disk has no room to keep it', async (t) => {
  const full = new HostError('storage_full', { action: 'store', value: 'x', reason: 'no space' });
  const { deployer, bytes, dataDir } = await open(t, (store) =>
    // A store whose every other method is that of the real one.
    Object.assign(Object.create(store) as ArtifactStore, bound(store), {
      putPrepared: () => Promise.reject(full),
    }),
  );
  t.match(await deployer.load(digestOf(bytes)), { manifest: { kind: 'http' } });
  t.same(await readdir(join(dataDir, 'prepared')), []);
  t.same(await readdir(join(dataDir, 'scratch')), [], 'nothing is left over');
});

t.test('a disk without room says nothing against the bytes', async (t) => {
  const full = new HostError('storage_full', { action: 'make', value: 'x', reason: 'no space' });
  let isFull = true;
  const { deployer, bytes } = await open(t, (store) =>
    Object.assign(Object.create(store) as ArtifactStore, bound(store), {
      openScratch: () => (isFull ? Promise.reject(full) : store.openScratch()),
    }),
  );
  await t.rejects(deployer.load(digestOf(bytes)), { code: 'storage_full', status: 507 });
  isFull = false;
  t.match(
    await deployer.load(digestOf(bytes)),
    { manifest: { kind: 'http' } },
    'the next one tries',
  );
});

/** The methods of a store that preparing uses, callable on another object. */
function bound(store: ArtifactStore): Partial<ArtifactStore> {
  return {
    loadPrepared: (key) => store.loadPrepared(key),
    pathOf: (digest) => store.pathOf(digest),
    openScratch: () => store.openScratch(),
    putPrepared: (key, files) => store.putPrepared(key, files),
  };
}
