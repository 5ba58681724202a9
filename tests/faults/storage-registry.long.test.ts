/** A registry that is damaged, emptied, gone or locked: said with its code, and nothing deployed is lost by it. */
import { copyFile, cp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import t, { type Test } from 'tap';
import { refusalOf } from '../e2e/host-client.ts';
import { runFaas, startHostProcess, type Finished } from '../e2e/host-process.ts';
import { openRunningHost } from '../e2e/running-host.ts';
import { wat } from '../guests/guests.ts';
import { flipBit } from './damage.ts';

/** A data directory with one function, which no host holds. */
let model: string;

t.before(async () => {
  const host = await openRunningHost(t);
  await host.deploy('app', await wat('hello'));
  await host.close();
  model = host.dataDir;
});

async function makeDataDir(t: Test): Promise<string> {
  const dataDir = join(t.testdir({}), 'data');
  await cp(model, dataDir, { recursive: true });
  return dataDir;
}

/** Starts a host that must refuse to. */
async function refuseStart(dataDir: string): Promise<Finished> {
  return runFaas([
    'serve',
    '--workers',
    '1',
    '--data-dir',
    dataDir,
    '--listen',
    '127.0.0.1:0',
    '--admin',
    '127.0.0.1:0',
  ]);
}

t.test(
  'a damaged registry is refused as it is, and serves again when a copy is back',
  async (t) => {
    const dataDir = await makeDataDir(t);
    const path = join(dataDir, 'registry.sqlite');
    const copy = join(dataDir, 'copy');
    await copyFile(path, copy);
    const damages: Readonly<Record<string, () => Promise<void>>> = {
      emptied: () => truncate(path),
      'cut in a page': () => truncate(path, 10_000),
      'cut after its header': () => truncate(path, 100),
      'header changed': () => flipBit(path, 3),
      'application changed': () => flipBit(path, 70),
      'made of something else': () => writeFile(path, 'notes\n'.repeat(1000)),
    };
    const artifacts = await readdir(join(dataDir, 'artifacts'));
    for (const [index, [what, damage]] of Object.entries(damages).entries()) {
      await copyFile(copy, path);
      await damage();
      const before = await readFile(path);
      if (index === 0) {
        const { code, stdout, stderr } = await refuseStart(dataDir);
        t.equal(code, 3, what);
        t.equal(stdout, '', 'it was never ready');
        t.match(
          stderr,
          /Cannot read the registry ".*": .* \(registry_corrupt\)\n\s+fix: Stop the host, put/,
        );
      } else {
        await t.rejects(openRunningHost(t, { dataDir }), { code: 'registry_corrupt' }, what);
      }
      t.ok(before.equals(await readFile(path)), 'the file is left as it was');
      t.same(await readdir(join(dataDir, 'artifacts')), artifacts, 'and what was uploaded too');
    }
    await copyFile(copy, path);
    const host = await openRunningHost(t, { dataDir });
    t.equal((await host.call('/app/')).status, 200);
  },
);

t.test('a lost registry costs no uploaded bytes until something is deployed anew', async (t) => {
  const dataDir = await makeDataDir(t);
  const path = join(dataDir, 'registry.sqlite');
  const copy = join(dataDir, 'copy');
  await copyFile(path, copy);
  await rm(path);
  await writeFile(`${path}-wal`, 'its last changes');
  await t.rejects(openRunningHost(t, { dataDir }), {
    code: 'registry_corrupt',
    fields: { reason: 'it is missing, and its "-wal" file, which belongs to it, is there' },
  });
  await rm(`${path}-wal`);
  const empty = await openRunningHost(t, { dataDir });
  t.same(await empty.functions(), []);
  await empty.close();
  await copyFile(copy, path);
  const host = await openRunningHost(t, { dataDir });
  t.equal((await host.call('/app/')).status, 200);
});

t.test('a registry that another program keeps locked is said to be', async (t) => {
  const host = await openRunningHost(t, { dataDir: await makeDataDir(t) });
  const closedDir = join(t.testdirName, 'closed');
  await cp(model, closedDir, { recursive: true });
  using running = lock(host.dataDir, 'BEGIN IMMEDIATE');
  using closed = lock(closedDir, 'PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  const starting = openRunningHost(t, { dataDir: closedDir });
  const deploying = refusalOf(host.deploy('more', await wat('hello')));
  for (let left = 10; left > 0; left -= 1) {
    t.equal((await host.call('/app/')).status, 200, 'functions serve on');
  }
  t.match(await deploying, { code: 'registry_busy', status: 503 });
  await t.rejects(starting, { code: 'registry_busy' });
  running.release();
  closed.release();
  t.match(await host.deploy('more', await wat('hello')), { result: 'created' });
  const started = await openRunningHost(t, { dataDir: closedDir });
  t.equal((await started.call('/app/')).status, 200);
});

/** Locks a registry as another program would. */
function lock(dataDir: string, statements: string): Disposable & { release(): void } {
  const database = new DatabaseSync(join(dataDir, 'registry.sqlite'));
  database.exec(statements);
  const release = (): void => {
    if (database.isOpen) database.close();
  };
  return { release, [Symbol.dispose]: release };
}

t.test('a registry that is damaged under a running host stops no function', async (t) => {
  const dataDir = await makeDataDir(t);
  const host = await startHostProcess(t, dataDir);
  await truncate(join(dataDir, 'registry.sqlite'), 5000);
  for (let left = 5; left > 0; left -= 1) t.equal((await host.call('/app/')).status, 200);
  await host.process.end('SIGKILL');
  t.match((await refuseStart(dataDir)).stderr, '(registry_corrupt)', 'the next start finds it');
});
