import t from 'tap';
import { HostError } from '../../host/base/errors.ts';
import { digestOf } from '../../host/base/ids.ts';
import { Quarantine } from '../../host/deploy/quarantine.ts';
import { silentLog } from '../../host/logs/log.ts';
import { silentObserver } from '../../host/metrics/observer.ts';
import type { FunctionRecord, RouteSnapshot } from '../../host/registry/model.ts';
import { ManualClock } from '../wasi/manual-clock.ts';

const DIGEST = digestOf(Buffer.from('artifact'));
const DAMAGE = new HostError('artifact_corrupt', {
  digest: DIGEST,
  reason: 'its bytes have changed',
});
const REFUSED = { code: 'artifact_quarantined', status: 503, message: /: its bytes have changed$/ };

function open(): { quarantine: Quarantine; clock: ManualClock; events: string[] } {
  const clock = new ManualClock();
  const events: string[] = [];
  const artifactDamage = (event: string): void => void events.push(event);
  const observer = { ...silentObserver, artifactDamage };
  return { quarantine: new Quarantine({ clock, log: silentLog, observer }), clock, events };
}

function snapshotOf(...artifacts: readonly string[]): RouteSnapshot {
  const records = artifacts.map((artifact) => ({ live: { artifact, settings: { files: [] } } }));
  const functions = new Map(records.map((record, index) => [`app-${index}`, record]));
  return { epoch: 1, functions: functions as unknown as ReadonlyMap<never, FunctionRecord> };
}

t.test('one caller at a time may look again, ever more seldom', async (t) => {
  const { quarantine, clock, events } = open();
  quarantine.check(DIGEST);
  t.match(quarantine.add(DIGEST, DAMAGE), { ...REFUSED, cause: DAMAGE });
  for (const delayMs of [5000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]) {
    clock.advance(delayMs - 1);
    t.throws(() => quarantine.check(DIGEST), REFUSED, `not before ${delayMs} ms`);
    clock.advance(1);
    quarantine.check(DIGEST);
    t.throws(() => quarantine.check(DIGEST), REFUSED, 'the others wait for that one');
    quarantine.add(DIGEST, DAMAGE);
  }
  t.same(events, ['quarantined'], 'it is told once');
  quarantine.lift(DIGEST);
  quarantine.lift(DIGEST);
  quarantine.check(DIGEST);
  t.same(events, ['quarantined', 'lifted']);
  t.equal(quarantine.get(DIGEST), undefined);
});

t.test('what no live version needs is forgotten', async (t) => {
  const { quarantine, events } = open();
  const other = digestOf(Buffer.from('other'));
  quarantine.add(DIGEST, DAMAGE);
  quarantine.add(other, DAMAGE);
  quarantine.follow(snapshotOf(other));
  t.equal(quarantine.get(DIGEST), undefined);
  t.match(quarantine.get(other), { reason: 'its bytes have changed' });
  t.same(events, ['quarantined', 'quarantined', 'lifted']);
});
