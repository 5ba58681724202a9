import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import '../support/plain-spawn.ts';
import { digestOf } from '../../host/base/ids.ts';
import { prepareInProcess, type Prepared } from '../../host/deploy/prepare-process.ts';
import { example, wat } from '../guests/guests.ts';
import { runInShell } from '../storage/child.ts';

const LIMITS = { timeoutMs: 30_000, memoryBytes: 2 ** 31 };

function prepare(
  t: Test,
  bytes: Uint8Array,
  limits: Partial<typeof LIMITS> = {},
  signal = new AbortController().signal,
): Promise<Prepared> {
  const directory = realpathSync(t.testdir({ scratch: {} }));
  const artifactPath = join(directory, 'artifact');
  writeFileSync(artifactPath, bytes);
  const job = {
    artifactPath,
    scratchPath: join(directory, 'scratch'),
    memoryBytes: 2 ** 28,
    maxImports: 2000,
    engine: 'auto' as const,
  };
  return prepareInProcess(job, { ...LIMITS, ...limits }, () => {}, signal);
}

t.test('a component is prepared with its manifest and files', async (t) => {
  const { manifest, files, findings } = await prepare(t, example('hello-rust'));
  t.match(manifest, { kind: 'http', entry: { interface: /^wasi:http\/incoming-handler@/ } });
  t.ok(files.some(({ name }) => name === 'manifest.json'));
  t.match(findings.join('\n'), /wasi:http@0\.2/);
});

t.test('a start function that loops is ended by the time limit', async (t) => {
  const looping = await wat('start', { body: '(loop $again (br $again))' });
  await t.rejects(prepare(t, looping, { timeoutMs: 3000 }), { code: 'prepare_timeout' });
});

t.test('a process that takes too much memory is ended', async (t) => {
  await t.rejects(prepare(t, example('hello-rust'), { memoryBytes: 60 * 2 ** 20 }), {
    code: /prepare_memory|prepare_crashed/,
  });
});

t.test('an artifact that is not there is a coded failure', async (t) => {
  const job = {
    artifact: digestOf(Buffer.from('gone')),
    artifactPath: '/nowhere',
    scratchPath: t.testdir(),
    memoryBytes: 2 ** 28,
    maxImports: 10,
    engine: 'auto' as const,
  };
  await t.rejects(
    prepareInProcess(job, LIMITS, () => {}, new AbortController().signal),
    { name: 'HostError' },
  );
});

t.test(
  'a host out of file descriptors says so, and it is not held against the artifact',
  async (t) => {
    const directory = realpathSync(t.testdir({ scratch: {} }));
    const artifactPath = join(directory, 'artifact');
    writeFileSync(artifactPath, await wat('hello'));
    const script = new URL('./prepare-starved.ts', import.meta.url);
    const ends = [0, 2, 5].map((free) =>
      runInShell('ulimit -n 80; exec "$@"', script, [
        String(free),
        artifactPath,
        join(directory, 'scratch'),
      ]),
    );
    for (const { output } of await Promise.all(ends)) t.equal(output, 'files_exhausted\n');
  },
);

t.test('bytes that do not have their digest are not prepared', async (t) => {
  const directory = realpathSync(t.testdir({ scratch: {} }));
  const artifactPath = join(directory, 'artifact');
  const bytes = await wat('hello');
  writeFileSync(artifactPath, bytes);
  const job = {
    artifactPath,
    scratchPath: join(directory, 'scratch'),
    memoryBytes: 2 ** 28,
    maxImports: 2000,
    engine: 'auto' as const,
  };
  const { signal } = new AbortController();
  const other = { ...job, artifact: digestOf(Buffer.from('other bytes')) };
  await t.rejects(
    prepareInProcess(other, LIMITS, () => {}, signal),
    { code: 'artifact_corrupt' },
  );
  const same = { ...job, artifact: digestOf(bytes) };
  t.match(await prepareInProcess(same, LIMITS, () => {}, signal), { manifest: { kind: 'http' } });
  const nowhere = { ...same, scratchPath: join(directory, 'gone') };
  await t.rejects(
    prepareInProcess(nowhere, LIMITS, () => {}, signal),
    { code: 'storage_failed' },
    'files that cannot be written are the fault of the disk',
  );
});

t.test(
  'a preparing process ends when its parent is killed, also amid a loop',
  { skip: process.platform === 'linux' ? false : 'needs /proc to find the process' },
  async (t) => {
    const directory = realpathSync(t.testdir({ scratch: {} }));
    const artifactPath = join(directory, 'artifact');
    writeFileSync(artifactPath, await wat('start', { body: '(loop $again (br $again))' }));
    const script = join(import.meta.dirname, 'loop-forever.ts');
    const parent = fork(script, [artifactPath, join(directory, 'scratch')], {
      execArgv: [],
      env: {},
    });
    await once(parent, 'message');
    const children = readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, 'utf8');
    const pids = children.trim().split(' ');
    t.equal(pids.length, 1);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    // There is no event for the end of somebody else's child.
    for (let tries = 0; tries < 100 && existsSync(`/proc/${pids[0]}`); tries += 1) await delay(50);
    t.notOk(existsSync(`/proc/${pids[0]}`));
  },
);

t.test('a closing host ends it', async (t) => {
  const closing = new AbortController();
  const looping = await wat('start', { body: '(loop $again (br $again))' });
  const preparing = prepare(t, looping, {}, closing.signal);
  closing.abort(new Error('closing'));
  await t.rejects(preparing, { code: 'host_closing' });
  await t.rejects(
    prepare(t, looping, {}, closing.signal),
    { message: 'closing' },
    'and starts none',
  );
});
