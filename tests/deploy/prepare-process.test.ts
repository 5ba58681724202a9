import { writeFileSync } from 'node:fs';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import '../support/plain-spawn.ts';
import { prepareInProcess, type Prepared } from '../../host/deploy/prepare-process.ts';
import { example, wat } from '../guests/guests.ts';

const LIMITS = { timeoutMs: 30_000, memoryBytes: 2 ** 31 };

function prepare(
  t: Test,
  bytes: Uint8Array,
  limits: Partial<typeof LIMITS> = {},
): Promise<Prepared> {
  const directory = realpathSync(t.testdir({ scratch: {} }));
  const artifactPath = join(directory, 'artifact');
  writeFileSync(artifactPath, bytes);
  const job = {
    artifactPath,
    scratchPath: join(directory, 'scratch'),
    memoryBytes: 2 ** 28,
    maxImports: 2000,
  };
  return prepareInProcess(job, { ...LIMITS, ...limits }, () => {});
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
  await t.rejects(prepare(t, example('hello-rust'), { memoryBytes: 150 * 2 ** 20 }), {
    code: /prepare_memory|prepare_crashed/,
  });
});

t.test('an artifact that is not there is a coded failure', async (t) => {
  const job = {
    artifactPath: '/nowhere',
    scratchPath: t.testdir(),
    memoryBytes: 2 ** 28,
    maxImports: 10,
  };
  await t.rejects(
    prepareInProcess(job, LIMITS, () => {}),
    { name: 'HostError' },
  );
});
