import t from 'tap';
import { checkPlaces, compare, GateHost } from './gate-host.ts';
import { createLoad, play } from './load.ts';
import { createTestSnapshot } from './test-snapshot.ts';

for (const [concurrency, queue] of [
  [64, 256],
  [10, 100],
  [1, 50],
] as const) {
  const shares = [0.9, 0.04, 0.03, 0.03];
  t.test(`${concurrency} places, 90 % at one worker: within 5 % of one process`, (t) =>
    compare(t, {
      limits: { concurrency, queue },
      load: 1.4,
      serviceMs: 8,
      shares,
      requests: 1500,
    }),
  );
}

t.test('one place goes round among workers that all want it', async (t) => {
  const host = new GateHost(3, { concurrency: 1, queue: 100 }, 4);
  const shares = [0.7, 0.1, 0.1, 0.1];
  const load = { seconds: 3, perSecond: 400, shares, serviceMs: 5 };
  const tally = play(host.clock, createLoad(load, host.random), (worker) => host.gateOf(worker));
  await host.watch(t, 3000);
  for (const worker of shares.keys()) t.ok((tally.served[worker] ?? 0) >= 40, String(tally.served));
  t.ok(tally.longestMs < 1500, `the longest wait was ${tally.longestMs} ms`);
});

t.test('what is at hand is taken without a message, and without a promise', async (t) => {
  const host = new GateHost(3, { concurrency: 4, queue: 4 }, 2);
  const first = host.gateOf(0)?.acquire();
  t.ok(first instanceof Promise, 'the first has to be asked for');
  await host.clock.run(5);
  (await first)?.release();
  const before = host.messages;
  for (let call = 0; call < 100; call += 1) {
    const place = host.gateOf(0)?.take();
    t.ok(place);
    place?.release();
    await host.clock.run(1);
  }
  t.equal(host.messages, before);
  await host.clock.run(5000);
  t.equal(host.authority?.describe(host.placesKey), undefined, 'what is idle goes back');
});

t.test('without a queue whoever finds no place in any worker is refused at once', async (t) => {
  const host = new GateHost(3, { concurrency: 2, queue: 0 }, 2);
  const take = async (worker: number): Promise<boolean> => {
    const place = host.gateOf(worker)?.acquire();
    await host.clock.run(3);
    return (await place) !== undefined;
  };
  t.same([await take(0), await take(1), await take(0), await take(1)], [true, true, false, false]);
  t.equal(host.gates[0]?.waiting, 0);
});

t.test('the queue is that of all workers', async (t) => {
  const host = new GateHost(3, { concurrency: 1, queue: 5 }, 3);
  const settled: boolean[] = [];
  // Right after it has connected a worker has more patience.
  await host.clock.run(3000);
  for (let call = 0; call < 12; call += 1) {
    void Promise.resolve(host.gateOf(call % 3)?.acquire()).then((lease) =>
      settled.push(lease !== undefined),
    );
  }
  await host.clock.run(20);
  t.same(
    settled.toSorted(),
    [...Array(6).fill(false), true],
    'one runs, five wait, six are refused',
  );
  t.equal(
    host.gates.reduce((sum, { waiting }) => sum + waiting, 0),
    5,
  );
});

t.test('who leaves the queue is not waited for, and its place can be had', async (t) => {
  const host = new GateHost(3, { concurrency: 1, queue: 1 }, 2);
  const first = host.gateOf(0)?.acquire();
  await host.clock.run(2);
  const abort = new AbortController();
  const second = Promise.resolve(host.gateOf(1)?.acquire(abort.signal));
  await host.clock.run(2);
  abort.abort(new Error('gone'));
  await t.rejects(second, { message: 'gone' });
  const third = host.gateOf(1)?.acquire();
  await host.clock.run(2);
  (await first)?.release();
  await host.clock.run(2);
  t.ok(await third);
});

t.test('a worker that is killed gives back all it held, at once', async (t) => {
  const host = new GateHost(9, { concurrency: 10, queue: 200 }, 3);
  const load = { seconds: 3, perSecond: 1500, shares: [0.4, 0.3, 0.3], serviceMs: 10 };
  const tally = play(host.clock, createLoad(load, host.random), (worker) => host.gateOf(worker));
  await host.watch(t, 1000);
  const [victim] = host.workers;
  if (victim === undefined) throw new Error('no worker');
  const before = tally.served.reduce((sum, count) => sum + count, 0) - (tally.served[0] ?? 0);
  host.killWorker(victim);
  t.ok((host.authority?.describe(host.placesKey)?.held ?? 0) <= 10);
  await host.watch(t, 1000);
  const after = tally.served.reduce((sum, count) => sum + count, 0) - (tally.served[0] ?? 0);
  // Its own requests ended with it; the places serve the others: 10 places, 10 ms each.
  t.ok(after - before >= 870, `served ${after - before} of the 900 that came`);
});

t.test('a new supervisor adopts what the workers hold, and lends nothing before', async (t) => {
  const host = new GateHost(21, { concurrency: 10, queue: 1000 }, 3);
  const load = { seconds: 6, perSecond: 1200, shares: [0.8, 0.1, 0.1], serviceMs: 8 };
  const requests = createLoad(load, host.random);
  const tally = play(host.clock, requests, (worker) => host.gateOf(worker));
  for (let crash = 0; crash < 3; crash += 1) {
    await host.watch(t, 700);
    host.killSupervisor();
    const atCrash = tally.total;
    await host.watch(t, 300);
    t.ok(tally.total > atCrash + 150, `it is served on: ${tally.total - atCrash}`);
    host.startSupervisor();
    for (const worker of host.workers) {
      const delayMs = host.random() * 100;
      host.clock.after(delayMs, () => host.connect(worker));
    }
  }
  await host.watch(t, 3500);
  t.ok(
    tally.total + tally.running >= requests.length * 0.95,
    `${tally.total} of ${requests.length}`,
  );
  t.equal(tally.totalRefused, 0);
  checkPlaces(t, host, tally);
});

t.test('a connection that breaks loses and doubles nothing', async (t) => {
  const host = new GateHost(33, { concurrency: 5, queue: 1000 }, 3);
  const load = { seconds: 4, perSecond: 600, shares: [0.5, 0.3, 0.2], serviceMs: 8 };
  const requests = createLoad(load, host.random);
  const tally = play(host.clock, requests, (worker) => host.gateOf(worker));
  for (let cut = 0; cut < 60; cut += 1) {
    await host.watch(t, host.random() * 60);
    const worker = host.workers[Math.floor(host.random() * 3)];
    if (worker === undefined) continue;
    host.cut(worker);
    await host.watch(t, host.random() * 10);
    host.connect(worker);
  }
  await host.watch(t, 3000);
  t.equal(tally.total, requests.length, 'every request was served');
  await host.watch(t, 5000);
  t.equal(host.authority?.describe(host.placesKey), undefined, 'and everything given back');
});

t.test('a worker that holds nothing and is alone for 5 s serves with one place', async (t) => {
  const host = new GateHost(3, { concurrency: 2, queue: 10 }, 2);
  const places = [host.gateOf(0)?.acquire(), host.gateOf(0)?.acquire()];
  await host.clock.run(5);
  host.killSupervisor();
  const waiting = host.gateOf(1)?.acquire();
  await host.clock.run(4900);
  t.equal(host.gates[1]?.held, 0);
  await host.clock.run(200);
  t.equal(host.gates[1]?.held, 1);
  (await waiting)?.release();
  host.startSupervisor();
  for (const worker of host.workers) host.connect(worker);
  await host.clock.run(100);
  t.equal(host.authority?.describe(host.placesKey)?.held, 2, 'what is too much was called back');
  for (const place of places) (await place)?.release();
});

t.test('a limit that changes under load holds from then on', async (t) => {
  const host = new GateHost(7, { concurrency: 20, queue: 500 }, 3);
  const load = { seconds: 3, perSecond: 3000, shares: [0.6, 0.2, 0.2], serviceMs: 8 };
  play(host.clock, createLoad(load, host.random), (worker) => host.gateOf(worker));
  await host.watch(t, 500);
  const inUse = (): number => host.gates.reduce((sum, { held }) => sum + held, 0);
  t.equal(inUse(), 20);
  host.deploy(createTestSnapshot({ concurrency: 5, queue: 500 }).snapshot);
  await host.clock.run(150);
  let most = 0;
  await host.clock.run(500, () => (most = Math.max(most, inUse())));
  t.equal(most, 5);
  host.deploy(createTestSnapshot({ concurrency: 12, queue: 500 }).snapshot);
  most = 0;
  await host.clock.run(500, () => (most = Math.max(most, inUse())));
  t.equal(most, 12);
});

t.test('places of a version that is live no more are given back, and then forgotten', async (t) => {
  const host = new GateHost(7, { concurrency: 4, queue: 5 }, 2);
  const place = host.gateOf(0)?.acquire();
  await host.clock.run(5);
  host.deploy(createTestSnapshot({ number: 2, concurrency: 4 }).snapshot);
  const late = host.gateOf(1)?.acquire();
  await host.clock.run(5);
  t.ok(await late, 'a worker that does not know yet goes on');
  host.killSupervisor();
  host.startSupervisor();
  for (const worker of host.workers) host.connect(worker);
  await host.clock.run(50);
  t.match(host.authority?.describe(host.placesKey), { held: 2 }, 'adopted');
  (await place)?.release();
  (await late)?.release();
  for (const gate of host.gates) gate.close();
  await host.clock.run(50);
  t.equal(host.authority?.describe(host.placesKey), undefined);
});
