import t from 'tap';
import { Blame } from '../../../host/cluster/watchdog/blame.ts';
import { ManualClock } from '../../wasi/manual-clock.ts';
import { deployed, named, versionOf } from './deployed.ts';

const MINUTE_MS = 60_000;
const bad = named('bad');

function open(): { blame: Blame; clock: ManualClock } {
  const clock = new ManualClock();
  const blame = new Blame(clock);
  blame.follow(deployed(versionOf('bad'), versionOf('good')));
  return { blame, clock };
}

t.test('the third time within ten minutes is one too many', async (t) => {
  const { blame, clock } = open();
  t.equal(blame.strike(bad), 'counted');
  clock.advance(4 * MINUTE_MS);
  t.equal(blame.strike(bad), 'counted');
  t.same(blame.quarantined, []);
  clock.advance(5 * MINUTE_MS);
  t.equal(blame.strike(bad), 'quarantined');
  const entry = {
    name: 'bad',
    version: 1,
    versionCreatedMs: 1000,
    reason: 'it stopped a worker from answering 3 times within 10 minutes',
    sinceMs: clock.wallMs(),
  };
  t.same(blame.quarantined, [entry]);
  t.same(blame.get(bad), entry);
  t.equal(blame.get(named('good')), undefined);
  t.equal(blame.strike(bad), 'counted', 'it still ran elsewhere');
});

t.test('what was longer ago does not count', async (t) => {
  const { blame, clock } = open();
  for (let time = 0; time < 10; time += 1) {
    t.equal(blame.strike(bad), 'counted');
    clock.advance(5 * MINUTE_MS + 1);
  }
});

t.test('functions are counted apart, and only those that are deployed', async (t) => {
  const { blame } = open();
  for (let time = 0; time < 2; time += 1) {
    t.equal(blame.strike(bad), 'counted');
    t.equal(blame.strike(named('good')), 'counted');
    t.equal(blame.strike(named('invented')), 'unknown');
  }
  t.equal(blame.strike(named('invented')), 'unknown');
});

function quarantined(): Blame {
  const { blame } = open();
  for (let time = 0; time < 3; time += 1) blame.strike(bad);
  return blame;
}

t.test('lift() ends it, and three more times are needed then', async (t) => {
  const blame = quarantined();
  t.equal(blame.lift(bad), true);
  t.equal(blame.lift(bad), false);
  t.same(blame.quarantined, []);
  t.same(
    [1, 2, 3].map(() => blame.strike(bad)),
    ['counted', 'counted', 'quarantined'],
  );
  blame.lift(bad);
  blame.strike(bad);
  blame.strike(bad);
  blame.lift(bad);
  t.equal(blame.strike(bad), 'counted', 'lifting forgets what was counted');
});

for (const [what, ...versions] of [
  ['a new version', versionOf('bad', 2)],
  ['a version that was made anew under the same number', versionOf('bad', 1, 2000)],
  ['its deletion'],
] as const) {
  t.test(`${what} ends it and forgets what was counted`, async (t) => {
    const blame = quarantined();
    t.same(blame.follow(deployed(...versions)), ['bad']);
    t.equal(blame.get(bad), undefined);
    const { blame: counting } = open();
    counting.strike(bad);
    counting.strike(bad);
    counting.follow(deployed(...versions));
    counting.follow(deployed(versionOf('bad')));
    t.equal(counting.strike(bad), 'counted');
  });
}

t.test('other changes leave it as it is', async (t) => {
  const blame = quarantined();
  t.same(blame.follow(deployed(versionOf('bad'), versionOf('new'))), []);
  t.equal(blame.get(bad)?.version, 1);
});
