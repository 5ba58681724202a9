/** What a worker may not do, tried by a script that is started with exactly the flags of a worker. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import '../support/plain-spawn.ts';
import { modulePath } from '../../host/base/package-roots.ts';
import { runDirectoryOf } from '../../host/cluster/run-directory.ts';
import { createWorkerSpec } from '../../host/cluster/worker-spec.ts';

const SCRIPT = join(import.meta.dirname, 'worker-rights-script.ts');

t.test('a worker can do what it must, and nothing else', async (t) => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'wr-'));
  t.teardown(() => rmSync(dataDirectory, { recursive: true }));
  for (const folder of ['artifacts', 'prepared']) mkdirSync(join(dataDirectory, folder));
  for (const file of ['admin-token', 'registry.sqlite']) {
    writeFileSync(join(dataDirectory, file), 'secret');
  }
  const run = runDirectoryOf(dataDirectory);
  const spec = createWorkerSpec('worker-1', { release: '1', dataDirectory, run, readable: [] });
  const args = spec.arguments.map((word) => (word === modulePath('worker') ? SCRIPT : word));
  t.not(args.indexOf(SCRIPT), -1);
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: spec.environment });
  const { allowed, forbidden } = JSON.parse(stdout) as Record<string, Record<string, string>>;
  for (const [what, result] of Object.entries(allowed ?? {})) t.equal(result, 'allowed', what);
  t.ok(Object.keys(forbidden ?? {}).length > 20);
  for (const [what, result] of Object.entries(forbidden ?? {})) {
    t.match(result, /^ERR_(ACCESS_DENIED|DLOPEN_DISABLED)$/, what);
  }
});
