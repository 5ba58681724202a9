import t from 'tap';
import { QuotaAuthority } from '../../../host/cluster/quotas/quota-authority.ts';
import { countKeyOf, MEMORY_KEY, versionKeyOf } from '../../../host/limits/quotas/quota-keys.ts';
import type { AuthorityQuotaMessage } from '../../../host/limits/quotas/quota-messages.ts';
import { ManualClock } from '../../wasi/manual-clock.ts';
import { createRandom } from './quota-simulation.ts';
import { createTestSnapshot } from './test-snapshot.ts';

const { snapshot, live } = createTestSnapshot({
  concurrency: 8,
  queue: 4,
  budget: { requestsPerSecond: 10, cpuMsPerMinute: 1000 },
});
const places = countKeyOf('places', versionKeyOf(live));
const JOIN = { kind: 'join', held: [], cpu: [] };

function open(expected: string[] = []): { authority: QuotaAuthority; clock: ManualClock } {
  const clock = new ManualClock();
  const authority = new QuotaAuthority({ clock, memoryBytes: 2 ** 30, workers: 2, expected });
  authority.follow(snapshot);
  return { authority, clock };
}

/** A worker that says what a test says. */
function join(authority: QuotaAuthority, name: string, held: [string, number][] = []) {
  const got: AuthorityQuotaMessage[] = [];
  const session = authority.connect(name, (messages) => got.push(...messages));
  session.receive([{ ...JOIN, held }]);
  const granted = (key: string): number =>
    got
      .filter((message) => message.kind === 'grant' && message.key === key)
      .reduce((sum, message) => sum + (message.kind === 'grant' ? message.units : 0), 0);
  const claim = (need: number, release = 0, key = places): void =>
    session.receive([{ kind: 'claim', key, need, release }]);
  return { session, got, granted, claim };
}

t.test('nobody gives back more than it holds', (t) => {
  const { authority } = open();
  const a = join(authority, 'worker-1');
  const b = join(authority, 'worker-2');
  a.claim(8);
  t.equal(a.granted(places), 8);
  b.claim(1, 1_000_000);
  b.claim(1, 1_000_000);
  t.same(authority.describe(places), { held: 8, total: 8 });
  t.equal(b.granted(places), 0);
  a.claim(0, 3);
  t.equal(b.granted(places), 1);
  t.end();
});

t.test('nonsense is refused as a whole', (t) => {
  const { authority } = open();
  const nonsense: unknown[] = [
    undefined,
    {},
    [{ kind: 'claim', key: places, need: -1, release: 0 }],
    [{ kind: 'claim', key: places, need: 1.5, release: 0 }],
    [{ kind: 'claim', key: places, need: 1e300, release: 0 }],
    [{ kind: 'claim', key: 'x'.repeat(257), need: 1, release: 0 }],
    [{ kind: 'claim', key: places, need: 1, release: 0, more: true }],
    [{ kind: 'cpu', key: 'default/app', ms: NaN }],
    [{ kind: 'cpu', key: 'default/app', ms: -5 }],
    [{ kind: 'cpu', key: 'default/app', ms: Infinity }],
    [{ kind: 'ask', key: 'default/app', want: -1, unused: 0 }],
    [{ kind: 'grant', key: places, units: 5 }],
    [{ kind: 'claim', key: places, need: 1, release: 0 }, JOIN],
  ];
  const worker = join(authority, 'worker-1');
  for (const messages of nonsense) t.throws(() => worker.session.receive(messages));
  t.equal(authority.describe(places), undefined);
  const early = authority.connect('worker-2', () => undefined);
  t.throws(() => early.receive([{ kind: 'claim', key: places, need: 1, release: 0 }]), /join/);
  t.end();
});

t.test('what nobody deployed is not lent', (t) => {
  const { authority } = open();
  const worker = join(authority, 'worker-1');
  worker.claim(5, 0, 'places:default/other/1/0');
  t.match(worker.got.at(-1), { kind: 'short' });
  t.equal(authority.describe('places:default/other/1/0'), undefined);
  worker.session.receive([{ kind: 'ask', key: 'default/other', want: 5, unused: 0 }]);
  t.match(worker.got.at(-1), { kind: 'tokens', units: 0 });
  t.end();
});

t.test('tokens that were never lent cannot be put back', (t) => {
  const { authority } = open();
  const worker = join(authority, 'worker-1');
  const ask = (want: number, unused: number): unknown => {
    worker.session.receive([{ kind: 'ask', key: 'default/app', want, unused }]);
    return worker.got.at(-1);
  };
  t.match(ask(10, 0), { units: 10, retryMs: 0 });
  t.match(ask(10, 4), { units: 4 }, 'what was lent can');
  t.match(ask(10, 1000), { units: 4 });
  t.match(ask(10, 0), { units: 0 }, 'what was used cannot');
  t.match(ask(10, 1000), { units: 0 });
  t.end();
});

t.test('a worker cannot have used more CPU time than there was', (t) => {
  const { authority } = open();
  const a = join(authority, 'worker-1');
  const b = join(authority, 'worker-2');
  const cpu = (ms: number) => [{ kind: 'cpu', key: 'default/app', ms }];
  b.session.receive(cpu(0));
  for (let report = 0; report < 10; report += 1) a.session.receive(cpu(3_600_000));
  const told = b.got.flatMap((message) => (message.kind === 'cpu' ? message.cells : []));
  t.equal(
    told.reduce((sum, [, ms]) => sum + ms, 0),
    120_000,
  );
  t.end();
});

t.test('nothing is lent until everybody who was expected has come or is gone', (t) => {
  const { authority } = open(['worker-1', 'worker-2', 'worker-3']);
  const a = join(authority, 'worker-1', [[places, 2]]);
  a.claim(8);
  t.equal(a.granted(places), 0);
  const b = join(authority, 'worker-2', [[places, 5]]);
  t.equal(a.granted(places), 0);
  t.notOk(a.got.some(({ kind }) => kind === 'short'));
  authority.leave('worker-3');
  t.equal(a.granted(places), 1);
  b.session.disconnect();
  t.same(authority.describe(places)?.held, 8, 'who is not connected keeps what it has');
  authority.leave('worker-2');
  t.equal(a.granted(places), 6);
  t.end();
});

t.test('an old connection says nothing any more', (t) => {
  const { authority } = open();
  const old = join(authority, 'worker-1');
  old.claim(8);
  const anew = join(authority, 'worker-1', [[places, 3]]);
  old.claim(0, 3);
  t.equal(authority.describe(places)?.held, 3);
  old.session.disconnect();
  anew.claim(8);
  t.equal(anew.granted(places), 5);
  t.end();
});

t.test('50,000 random messages of hostile workers never make the sum exceed the total', (t) => {
  const { authority, clock } = open();
  const random = createRandom(77);
  const below = (limit: number): number => Math.floor(random() * limit);
  const names = ['worker-1', 'worker-2', 'worker-3', 'worker-4'];
  let workers = names.map((name) => join(authority, name));
  const keys = [places, countKeyOf('queue', versionKeyOf(live)), MEMORY_KEY];
  const totals = new Map([
    [places, 8],
    [keys[1], 4],
    [MEMORY_KEY, 256],
  ]);
  for (let step = 0; step < 50_000; step += 1) {
    const worker = workers[below(4)];
    const key = keys[below(3)] ?? places;
    const answers = below(3) === 0 ? { answers: below(20) } : {};
    worker?.session.receive([
      { kind: 'claim', key, need: below(20), release: below(6), ...answers },
    ]);
    if (step % 997 === 0) {
      const index = below(4);
      authority.leave(names[index] ?? '');
      const next = join(authority, names[index] ?? '');
      workers = workers.with(index, next);
    }
    clock.advance(1);
    const held = authority.describe(key)?.held ?? 0;
    if (held > (totals.get(key) ?? 0)) return t.fail(`step ${step}: ${held} of ${key}`);
  }
  return t.end();
});
