import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { LEAST_NODE, runChecks, type CheckResult } from '../../cli/doctor/checks.ts';
import { NODE_MAJOR } from '../../cli/find-node.js';
import { runHere } from './run-faas.ts';

function find(results: readonly CheckResult[], check: string): CheckResult | undefined {
  return results.find((result) => result.check.startsWith(check));
}

t.test('doctor names what is there, what is not, and what mends it', async (t) => {
  const dir = t.testdir({ bin: {}, data: {} });
  writeFileSync(join(dir, 'bin', 'cargo'), '#!/bin/sh\n', { mode: 0o755 });
  const template = (name: string, needs: readonly string[]) =>
    ({ name, needs, description: '', folder: dir }) as const;
  const results = await runChecks({
    environment: { PATH: join(dir, 'bin') },
    dataDir: join(dir, 'data', 'new', 'host'),
    templates: [template('rust', ['cargo', 'npm:x']), template('go', ['go', 'cargo'])],
  });
  t.equal(LEAST_NODE, NODE_MAJOR);
  t.match(find(results, 'Node'), { state: 'ok', detail: process.versions.node });
  t.match(find(results, 'data directory'), { state: 'ok', detail: /new.host \(made by "faas/ });
  t.match(find(results, 'disk space'), { detail: / free$/ });
  t.match(find(results, 'cargo (rust, go)'), { state: 'ok', detail: join(dir, 'bin', 'cargo') });
  t.match(find(results, 'go (go)'), { state: 'missing', fix: /https:\/\/go.dev\/dl/ });
  t.match(find(results, 'port of the admin API'), { detail: /./ });
  t.equal(find(results, 'npm'), undefined, 'packages of a project are none of the machine');
  for (const { state, fix, check } of results) t.equal(fix === undefined, state === 'ok', check);
});

t.test('a data directory that cannot be written to is a problem', async (t) => {
  const run = await runHere(['doctor', '--data-dir', '/dev/null/data']);
  t.match(run, {
    code: 1,
    stdout:
      /^problem {2}data directory: \/dev\/null\/data is not there, and \/dev\/null is not writable\n +fix: /m,
  });
});

t.test('the command prints lines, or JSON', async (t) => {
  const environment = { PATH: '/no/such', FAAS_DATA_DIR: t.testdir({}) };
  const run = await runHere(['doctor'], environment);
  t.match(run, { code: 0, stderr: '', stdout: /^ok {7}Node: \d/ });
  t.match(run.stdout, /^missing {2}cargo \(rust\): not installed\n {11}fix: Install Rust/m);
  const json = await runHere(['doctor', '--format', 'json'], environment);
  t.match(JSON.parse(json.stdout), [{ check: 'Node', state: 'ok', detail: /./ }]);
});
