/** Every hostile and every special name in every place: nothing of them runs. */
import t from 'tap';
import { HOSTILE_NAMES, NAME_PLACES, SPECIAL_NAMES } from '../guests/hostile-names.ts';
import { arm, tryName, type Place } from './hostile-names-armed.ts';
import { assertAlive, deployCanary, openRunningHost } from './running-host.ts';

const PLACES: readonly Place[] = [...NAME_PLACES, 'core-module'];

t.setTimeout(600_000);

for (const place of PLACES) {
  t.test(`deploy runs nothing of any name as ${place}`, { timeout: 200_000 }, async (t) => {
    const host = await openRunningHost(t);
    await deployCanary(host);
    for (const [title, name] of Object.entries(HOSTILE_NAMES)) {
      const end = await tryName(host, place, arm(name));
      const isHarmless = place === 'debug-name' || name === '';
      t.match(end, isHarmless ? /^served 502|trial_failed/ : 'unsafe_core_name', title);
    }
    for (const name of SPECIAL_NAMES) {
      t.match(await tryName(host, place, name), /^served 502|trial_failed/, name);
    }
    await assertAlive(t, host);
  });
}
