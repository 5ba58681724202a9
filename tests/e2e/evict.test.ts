/** `POST /v1/functions/NAME/evict` on a real host of one process: the next request is a cold start. */
import t from 'tap';
import { runHere } from '../cli/run-faas.ts';
import { example } from '../guests/guests.ts';
import { openRunningHost } from './running-host.ts';

t.test('an evicted function starts cold at its next request', async (t) => {
  const host = await openRunningHost(t);
  await host.deploy('hello', example('hello-rust'));
  const environment = { FAAS_ADMIN_URL: host.adminUrl, FAAS_DATA_DIR: host.dataDir };
  const bench = ['bench', 'hello', '--duration', '100ms', '--format', 'json'];
  t.equal((await runHere([...bench, '--warm-up', '0ms'], environment)).code, 0);
  const run = await runHere([...bench, '--cold'], environment);
  t.equal(run.code, 0, run.stderr);
  const { requests, host: figures } = JSON.parse(run.stdout);
  t.ok(requests > 0);
  t.same(
    figures.starts,
    { cold: requests + 1 },
    'every one, and the first one that does not count',
  );
});
