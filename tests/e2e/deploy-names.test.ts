/** Core names that are code: nothing of them runs, neither while deploying nor while serving. */
import t from 'tap';
import { HOSTILE_NAMES, NAME_PLACES } from '../guests/hostile-names.ts';
import { arm, tryName, type Place } from './hostile-names-armed.ts';
import { assertAlive, deployCanary, openRunningHost, type RunningHost } from './running-host.ts';

const PLACES: readonly Place[] = [...NAME_PLACES, 'core-module'];
const NAMES = Object.entries(HOSTILE_NAMES);

let host: RunningHost;

t.before(async () => {
  host = await openRunningHost(t);
  await deployCanary(host);
});

// Every name in one place and every place with several names; deploy-names.long.test.ts has them all.
for (const [index, [title, name]] of NAMES.entries()) {
  const place = PLACES[index % PLACES.length] ?? 'export';
  t.test(`deploy runs nothing of a name with ${title} as ${place}`, async (t) => {
    const end = await tryName(host, place, arm(name));
    t.match(
      end,
      place === 'debug-name' || name === '' ? /^served 502|trial_failed/ : 'unsafe_core_name',
    );
    await assertAlive(t, host);
  });
}

t.test('deploy takes a name that means something to JavaScript, or says why not', async (t) => {
  t.match(await tryName(host, 'export', '__proto__'), /^served 502|trial_failed/);
  t.match(await tryName(host, 'import-module', 'constructor'), /^served 502|trial_failed/);
  await assertAlive(t, host);
});
