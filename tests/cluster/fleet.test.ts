/** The fleet with a launcher that starts processes which sleep: when workers are started, replaced, killed, and in which order. */
import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { systemClock } from '../../host/base/clock.ts';
import { HostError } from '../../host/base/errors.ts';
import { Fleet, type FleetParts } from '../../host/cluster/fleet.ts';
import type { WorkerPeer } from '../../host/cluster/worker-peer.ts';
import type { RpcHandler } from '../../host/links/rpc-link.ts';
import { silentLog } from '../../host/logs/log.ts';
import { createSnapshot } from '../../host/registry/snapshot.ts';
import { openFakeLink, startSleeper, type FakeLink } from './fake-worker.ts';

// Most of them wait most of the time.
t.jobs = 4;

interface Running {
  readonly child: ChildProcess & { pid: number };
  readonly link: FakeLink;
}

interface TestFleet {
  readonly fleet: Fleet;
  readonly running: Map<string, Running>;
  /** What happened, in order: `start worker-1`, `drain worker-1`, `end worker-1`. */
  readonly events: string[];
  readonly replaced: string[];
  until(what: () => boolean): Promise<void>;
}

/** How workers behave. */
interface Behaviour extends Partial<FleetParts> {
  readonly handlers?: (id: string) => Readonly<Record<string, RpcHandler>>;
  /** What becomes of a worker that was started: by default it serves. */
  readonly fate?: (id: string) => 'serves' | 'ends' | 'cannot start';
}

function openFleet(t: Test, behaviour: Behaviour = {}): TestFleet {
  const { handlers = () => ({}), fate = () => 'serves', ...parts } = behaviour;
  const running = new Map<string, Running>();
  const events: string[] = [];
  const replaced: string[] = [];
  const startWorker = async ({ id }: { id: string }): Promise<number> => {
    events.push(`start ${id}`);
    if (fate(id) === 'cannot start')
      throw new HostError('launcher_failed', { reason: 'it is gone' });
    const child = await startSleeper(t, (exit) => {
      running.delete(id);
      events.push(`end ${id}`);
      fleet.handleExit({ id, ...exit });
    });
    const link = await openFakeLink(t, {
      'worker.drain': () => {
        events.push(`drain ${id}`);
        child.kill('SIGTERM');
      },
      ...handlers(id),
    });
    running.set(id, { child, link });
    if (fate(id) === 'ends') child.kill('SIGSEGV');
    else setImmediate(() => connect(id));
    return child.pid;
  };
  const connect = (id: string): void => {
    const worker = running.get(id);
    if (worker === undefined || !fleet.knows({ worker: id, pid: worker.child.pid })) return;
    const hello = { worker: id, pid: worker.child.pid, release: '1', epoch: -1, ready: true };
    fleet.connect(hello, worker.link.supervisorEnd);
  };
  const fleet: Fleet = new Fleet({
    size: 2,
    drainTimeoutMs: 100,
    clock: systemClock,
    log: silentLog,
    launcher: () => ({ startWorker }),
    createSpec: (id) => ({ id, arguments: [], environment: {} }),
    restartDelayMs: () => 0,
    onRetiring: () => {},
    onGone: () => {},
    onReplaced: (why) => replaced.push(why),
    ...parts,
  });
  t.teardown(() => fleet.close());
  const until = async (what: () => boolean): Promise<void> => {
    for (let left = 2000; left > 0 && !what(); left -= 1) await delay(5);
    if (!what()) throw new Error(`it never came to that: ${events.join(', ')}`);
  };
  return { fleet, running, events, replaced, until };
}

const idsOf = (peers: readonly WorkerPeer[]): string[] =>
  peers.filter(({ state }) => state === 'ready').map(({ id }) => id);

t.test('start() starts what is missing, and pick() takes turns', async (t) => {
  const { fleet, events } = openFleet(t, { size: 3 });
  t.throws(() => fleet.pick(), { code: 'no_worker' });
  await fleet.start([]);
  t.same(events, ['start worker-1', 'start worker-2', 'start worker-3']);
  t.match(fleet.counts(), { ready: 3, starting: 0 });
  t.equal(new Set([fleet.pick(), fleet.pick(), fleet.pick()]).size, 3);
});

t.test('a worker that is killed is replaced, with a new id', async (t) => {
  const { fleet, running, replaced, until } = openFleet(t);
  await fleet.start([]);
  running.get('worker-1')?.child.kill('SIGKILL');
  await until(() => fleet.counts().ready === 2 && replaced.length === 1);
  t.same(idsOf(fleet.peers), ['worker-2', 'worker-3']);
  t.same(replaced, ['crash']);
});

t.test('all workers that end at once are replaced, each once', async (t) => {
  const { fleet, running, replaced, until } = openFleet(t, { size: 4 });
  await fleet.start([]);
  for (const { child } of running.values()) child.kill('SIGKILL');
  await until(() => replaced.length === 4);
  // Also if somebody looks for what is missing meanwhile.
  fleet.refill();
  t.equal(fleet.peers.length, 4);
});

t.test('refill() starts no second one for what is started or waited for already', async (t) => {
  const { fleet, running, events, replaced, until } = openFleet(t, { restartDelayMs: () => 50 });
  await fleet.start([]);
  running.get('worker-1')?.child.kill('SIGKILL');
  await until(() => events.includes('end worker-1'));
  fleet.refill();
  t.notOk(events.includes('start worker-3'), 'it waits for its time');
  await until(() => events.includes('start worker-3'));
  fleet.refill();
  fleet.refill();
  await until(() => replaced.length === 1);
  t.equal(fleet.peers.length, 2);
  t.notOk(events.includes('start worker-4'));
});

t.test(
  'workers that end as soon as they start are started no more often than the delays say',
  async (t) => {
    let isBroken = false;
    const ended: string[] = [];
    const { fleet, running, events, until } = openFleet(t, {
      fate: () => (isBroken ? 'ends' : 'serves'),
      restartDelayMs: (peer) => {
        ended.push(peer.id);
        return 60;
      },
    });
    await fleet.start([]);
    isBroken = true;
    const startedMs = performance.now();
    running.get('worker-1')?.child.kill('SIGKILL');
    await until(() => ended.length >= 6);
    t.ok(performance.now() - startedMs >= 5 * 60, 'each waited');
    const starts = events.filter((event) => event.startsWith('start')).length;
    t.ok(starts <= 2 + ended.length, `${starts} starts`);
    isBroken = false;
    await until(() => fleet.counts().ready === 2);
    await delay(100);
    t.equal(fleet.peers.length, 2, 'and no more than there should be');
  },
);

t.test('a worker whose end is told before its start is not waited for', async (t) => {
  const { fleet, events, until } = openFleet(t, {
    launcher: () => ({
      startWorker: async ({ id }) => {
        events.push(`start ${id}`);
        const child = await startSleeper(t, () => {});
        child.kill('SIGKILL');
        // Both messages came at once, and the notice is handled first.
        fleet.handleExit({ id, pid: child.pid, code: null, signal: 'SIGKILL' });
        return child.pid;
      },
    }),
  });
  await t.rejects(fleet.start([]), { code: 'worker_failed' });
  await until(() => fleet.peers.length < 2);
  await fleet.close();
  t.equal(fleet.peers.length, 0, 'and closing does not wait for it either');
});

t.test('a launcher that cannot start a worker is asked again', async (t) => {
  let isBroken = false;
  const { fleet, running, until, replaced } = openFleet(t, {
    fate: () => (isBroken ? 'cannot start' : 'serves'),
  });
  await fleet.start([]);
  isBroken = true;
  running.get('worker-2')?.child.kill('SIGKILL');
  await until(() => fleet.counts().ready === 1);
  isBroken = false;
  await until(() => replaced.length === 1);
  t.match(fleet.counts(), { ready: 2, starting: 0, draining: 0 });
});

t.test('reload() starts each new one before the old one drains', async (t) => {
  const { fleet, events, replaced } = openFleet(t);
  await fleet.start([]);
  events.length = 0;
  const both = await Promise.all([fleet.reload(), fleet.reload()]);
  t.same(both, [2, 2], 'the second one is the first one');
  t.same(events, [
    'start worker-3',
    'drain worker-1',
    'end worker-1',
    'start worker-4',
    'drain worker-2',
    'end worker-2',
  ]);
  t.same(replaced, ['reload', 'reload']);
  t.same(idsOf(fleet.peers), ['worker-3', 'worker-4']);
});

t.test('a worker that does not drain is killed in the end', async (t) => {
  const { fleet, events } = openFleet(t, {
    size: 1,
    drainTimeoutMs: -4900,
    handlers: () => ({ 'worker.drain': () => {} }),
  });
  await fleet.start([]);
  t.equal(await fleet.reload(), 1);
  t.same(events, ['start worker-1', 'start worker-2', 'end worker-1']);
});

t.test('a worker that ends while another is being replaced is replaced, too', async (t) => {
  const { fleet, running, until } = openFleet(t, {
    handlers: (id) => ({
      'worker.drain': () => {
        // Amid the reload, when there is one more than there should be.
        if (id === 'worker-1') running.get('worker-2')?.child.kill('SIGKILL');
        setTimeout(() => running.get(id)?.child.kill('SIGTERM'), 50);
      },
    }),
  });
  await fleet.start([]);
  await fleet.reload();
  await until(() => fleet.counts().ready === 2);
  t.equal(fleet.peers.length, 2);
});

t.test('reload() with workers that do not come up leaves the old ones', async (t) => {
  let isBroken = false;
  const { fleet, until } = openFleet(t, { fate: () => (isBroken ? 'ends' : 'serves') });
  await fleet.start([]);
  isBroken = true;
  await t.rejects(fleet.reload(), { code: 'worker_failed' });
  isBroken = false;
  await until(() => fleet.peers.length === 2);
  t.same(idsOf(fleet.peers), ['worker-1', 'worker-2']);
});

t.test('publish() returns when all follow, and who does not is killed and replaced', async (t) => {
  const { fleet, running, events, until } = openFleet(t, {
    handlers: (id) =>
      id === 'worker-2'
        ? {
            'routes.replace': () => {
              throw new TypeError('no');
            },
          }
        : {},
  });
  await fleet.start([]);
  await fleet.publish(createSnapshot(1, []));
  t.equal(running.get('worker-1')?.link.routes.snapshot.epoch, 1);
  t.ok(events.includes('end worker-2'), 'it is gone when publish() returns');
  await until(() => fleet.counts().ready === 2);
  await fleet.publish(createSnapshot(2, []));
  for (const { link } of running.values()) t.equal(link.routes.snapshot.epoch, 2);
});

t.test('workers that are there are adopted, once, and surplus ones drain', async (t) => {
  const { fleet, events, until } = openFleet(t, { size: 2 });
  const found: { readonly id: string; readonly pid: number }[] = [];
  const hellos = new Map<string, () => void>();
  for (const id of ['worker-7', 'worker-8', 'worker-9']) {
    const { pid, kill } = await startSleeper(t, (exit) => fleet.handleExit({ id, ...exit })).then(
      (child) => ({ pid: child.pid, kill: () => child.kill('SIGTERM') }),
    );
    const link = await openFakeLink(t, {
      'worker.drain': () => {
        events.push(`drain ${id}`);
        kill();
      },
    });
    const hello = { worker: id, pid, release: '1', epoch: -1, ready: true };
    hellos.set(id, () => fleet.connect(hello, link.supervisorEnd));
    found.push({ id, pid });
  }
  // One introduces itself before the launcher has told of all.
  const [first] = found;
  if (first !== undefined) fleet.adopt({ worker: first.id, pid: first.pid });
  hellos.get('worker-7')?.();
  const started = fleet.start(found);
  hellos.get('worker-8')?.();
  hellos.get('worker-9')?.();
  await started;
  await until(() => fleet.peers.length === 2);
  t.same(events, ['drain worker-9'], 'nothing is started, nobody else is ended');
  t.same(
    fleet.peers.map(({ pid }) => pid),
    found.slice(0, 2).map(({ pid }) => pid),
    'they are the same processes',
  );
  await fleet.reload();
  t.same(idsOf(fleet.peers), ['worker-10', 'worker-11'], 'ids are not used again');
});

t.test('close() drains all, also those that nobody is connected to', async (t) => {
  const { fleet, running, events } = openFleet(t);
  await fleet.start([]);
  const { link } = running.get('worker-2') ?? {};
  if (link !== undefined) fleet.get('worker-2')?.disconnect(link.supervisorEnd);
  await fleet.close();
  t.equal(running.size, 0);
  t.ok(events.includes('drain worker-1') && !events.includes('drain worker-2'));
  t.same(fleet.peers, []);
});

t.test('workers whose launcher is gone are noticed when they end', async (t) => {
  const { fleet, running, replaced, until } = openFleet(t);
  await fleet.start([]);
  fleet.orphan();
  const child = running.get('worker-1')?.child;
  // Nobody tells: the launcher that would is gone.
  child?.removeAllListeners('exit');
  child?.kill('SIGKILL');
  await until(() => replaced.length === 1);
  t.match(fleet.counts(), { ready: 2 });
});
