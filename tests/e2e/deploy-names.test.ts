/** Core names that are code: nothing of them runs, neither while deploying nor while serving. */
import t from 'tap';
import { HOSTILE_NAMES, NAME_PLACES, SPECIAL_NAMES } from '../guests/hostile-names.ts';
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

for (const [index, name] of SPECIAL_NAMES.entries()) {
  const place = PLACES[(index * 3) % PLACES.length] ?? 'export';
  t.test(`deploy takes the name ${name} as ${place} or says why not`, async (t) => {
    t.match(await tryName(host, place, name), /^served 502|trial_failed/);
    await assertAlive(t, host);
  });
}
