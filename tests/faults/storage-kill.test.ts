/** A host killed amid 30 deployments; `storage-kill.long.test.ts` does it over and over. */
import { join } from 'node:path';
import t from 'tap';
import { startHostProcess } from '../e2e/host-process.ts';
import { wat } from '../guests/guests.ts';
import { checkAcknowledged, killAmidDeploys } from './kill-amid-deploys.ts';

t.test('a host killed amid 30 deployments has all it acknowledged', async (t) => {
  const dataDir = join(t.testdir({}), 'data');
  const known = { versions: new Map<string, number>(), deleting: new Set<string>() };
  const guests = [await wat('hello')];
  await killAmidDeploys(t, dataDir, known, { guests, deploys: 30, killAfter: 9, nonce: 'one' });
  const host = await startHostProcess(t, dataDir);
  await checkAcknowledged(t, host, known);
  t.match(await host.deploy('more', await wat('hello')), { result: 'created' });
});
