/** `faas` and a host whose admin API is a UNIX socket. */
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t from 'tap';
import { openHarness, WASM } from '../admin/harness.ts';
import { shortFolder } from '../admin/short-folder.ts';
import { runFaas, runHere, startFaas } from './run-faas.ts';

t.test('deploy, list and logs --follow go through a socket', async (t) => {
  const dir = await shortFolder(t);
  await writeFile(join(dir, 'app.wasm'), WASM);
  const path = join(dir, 'run.sock');
  const harness = await openHarness(t, { admin: `unix:${path}` }, join(dir, 'data'));
  const environment = { FAAS_ADMIN_URL: harness.url, FAAS_DATA_DIR: harness.dataDir };
  const deployed = await runFaas(['deploy', 'app.wasm'], { environment, cwd: dir });
  t.match(deployed, { code: 0, stdout: /^app version 1 is live\n/, stderr: /^activate /m });
  const flags = ['--admin', harness.url, '--data-dir', harness.dataDir];
  t.match(await runHere(['list', ...flags]), { code: 0, stdout: /^app +1 +http /m });
  const follower = startFaas(['logs', 'app', '--follow'], { environment });
  t.teardown(() => follower.kill('SIGKILL'));
  const lines = createInterface({ input: follower.stdout });
  const line = once(lines, 'line');
  t.match(await runHere(['invoke', 'app', '/x', '--quiet'], environment), { code: 0 });
  t.match((await line)[0], 'called');
  const ended = once(follower, 'close');
  follower.kill('SIGINT');
  t.same(await ended, [130, null]);
});

t.test('a host on "unix:admin.sock" is found through its data directory', async (t) => {
  const harness = await openHarness(t, { admin: 'unix:admin.sock' }, await shortFolder(t));
  const environment = { FAAS_DATA_DIR: harness.dataDir };
  t.match(await runHere(['list'], environment), { code: 0 });
  t.match(await runHere(['list', '--admin', 'unix:admin.sock'], environment), { code: 0 });
  await harness.close();
  t.match(await runHere(['list', '--admin', 'unix:admin.sock'], environment), {
    code: 5,
    stderr: /Cannot reach the host at "unix:\/.*admin\.sock": there is no such socket/,
  });
  await rm(join(harness.dataDir, 'admin-token'));
  t.match(await runHere(['list'], environment), {
    code: 6,
    stderr: /host at "http:\/\/127\.0\.0\.1:8081": there is no token/,
  });
});

t.test('an address that is none is refused', async (t) => {
  t.match(await runHere(['list', '--admin', 'unix:', '--token', 'x']), {
    code: 2,
    stderr: /Cannot use --admin "unix:".*\n {2}fix: .* or unix:\/run/,
  });
});
