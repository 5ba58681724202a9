import t from 'tap';
import { stateOf } from '../../host/cluster/route-changes.ts';
import { WorkerPeer } from '../../host/cluster/worker-peer.ts';
import type { RouteSnapshot } from '../../host/registry/model.ts';
import { changeSnapshot, createSnapshot } from '../../host/registry/snapshot.ts';
import { createRecord } from '../traffic/test-records.ts';
import { openFakeLink } from './fake-worker.ts';

const FIRST = createSnapshot(1, [createRecord('a')]);
const nextOf = (before: RouteSnapshot, name: string): RouteSnapshot =>
  changeSnapshot(before, before.epoch + 1, { record: createRecord(name) });
const SECOND = nextOf(FIRST, 'b');
const THIRD = nextOf(SECOND, 'c');

const namesOf = ({ functions }: RouteSnapshot): string => [...functions.keys()].join('');

t.test('a worker that was welcomed with routes is told of changes alone', async (t) => {
  const worker = await openFakeLink(t);
  const peer = new WorkerPeer('worker-1', 1, 0);
  peer.connect(worker.supervisorEnd, '1', -1);
  peer.welcomed(FIRST);
  worker.routes.replace(stateOf(FIRST));
  await peer.follow(FIRST);
  await peer.follow(SECOND);
  t.equal(worker.routes.snapshot.epoch, 2);
  await peer.follow(THIRD);
  t.equal(namesOf(worker.routes.snapshot), 'abc');
  t.strictSame(worker.calls, ['routes.apply', 'routes.apply']);
});

t.test('a worker that missed a change gets the whole state', async (t) => {
  const worker = await openFakeLink(t);
  const peer = new WorkerPeer('worker-1', 1, 0);
  peer.connect(worker.supervisorEnd, '1', -1);
  peer.welcomed(SECOND);
  worker.routes.replace(stateOf(FIRST));
  await peer.follow(THIRD);
  t.equal(namesOf(worker.routes.snapshot), 'abc');
  t.strictSame(worker.calls, ['routes.apply', 'routes.replace']);
});

t.test('a worker of which only its number is known gets the whole state', async (t) => {
  const worker = await openFakeLink(t);
  const peer = new WorkerPeer('worker-1', 1, 0);
  peer.connect(worker.supervisorEnd, '1', 1);
  await peer.follow(SECOND);
  t.strictSame(worker.calls, ['routes.replace']);
  t.equal(worker.routes.snapshot.epoch, 2);
});

t.test(
  'changes that come while one is taken are taken together, and each waits for its own',
  async (t) => {
    const taken: number[] = [];
    const gate = Promise.withResolvers<void>();
    const worker = await openFakeLink(t, {
      'routes.apply': async (change) => {
        const { epoch } = change as { epoch: number };
        if (epoch === 2) await gate.promise;
        taken.push(epoch);
        return epoch;
      },
    });
    const peer = new WorkerPeer('worker-1', 1, 0);
    peer.connect(worker.supervisorEnd, '1', 1);
    peer.welcomed(FIRST);
    const fourth = nextOf(THIRD, 'd');
    const done = [SECOND, THIRD, fourth].map((snapshot) =>
      peer.follow(snapshot).then(() => t.ok((taken.at(-1) ?? 0) >= snapshot.epoch)),
    );
    gate.resolve();
    await Promise.all(done);
    t.strictSame(taken, [2, 4], 'the third is part of the fourth');
  },
);

t.test('whoever publishes as soon as another is done waits for what he published', async (t) => {
  const worker = await openFakeLink(t);
  const peer = new WorkerPeer('worker-1', 1, 0);
  peer.connect(worker.supervisorEnd, '1', -1);
  peer.welcomed(createSnapshot(0, []));
  worker.routes.replace(stateOf(createSnapshot(0, [])));
  let snapshot = createSnapshot(0, []);
  const others: Promise<unknown>[] = [];
  for (let round = 0; round < 200; round += 1) {
    snapshot = nextOf(snapshot, `f${round}`);
    const { epoch } = snapshot;
    const wanted = peer.follow(snapshot);
    const check = async (): Promise<void> => {
      await wanted;
      snapshot = nextOf(snapshot, `g${round}`);
      const mine = snapshot.epoch;
      await peer.follow(snapshot);
      t.ok(worker.routes.snapshot.epoch >= mine, `${worker.routes.snapshot.epoch} after ${mine}`);
    };
    others.push(check());
    await wanted;
    t.ok(worker.routes.snapshot.epoch >= epoch);
    await Promise.all(others.splice(0));
  }
});

t.test('a worker that is not connected is waited for, and one that has ended is not', async (t) => {
  const worker = await openFakeLink(t);
  const peer = new WorkerPeer('worker-1', 1, 0);
  const followed = peer.follow(FIRST);
  peer.connect(worker.supervisorEnd, '1', -1);
  await followed;
  t.equal(worker.routes.snapshot.epoch, 1);

  peer.disconnect(worker.supervisorEnd);
  const waits = peer.follow(SECOND);
  peer.markGone();
  await waits;
  t.equal(worker.routes.snapshot.epoch, 1);
  await t.rejects(peer.ready, { code: 'worker_failed' }, 'it will never serve');
  await peer.gone;
});

t.test('a worker that refuses routes or loses its connection is told of', async (t) => {
  const refusing = await openFakeLink(t, {
    'routes.replace': () => {
      throw new TypeError('no');
    },
  });
  const first = new WorkerPeer('worker-1', 1, 0);
  first.connect(refusing.supervisorEnd, '1', -1);
  await t.rejects(first.follow(FIRST), { code: 'internal_error' });

  const leaving = await openFakeLink(t, {
    'routes.replace': () => {
      leaving.workerEnd.close();
      return new Promise(() => {});
    },
  });
  const second = new WorkerPeer('worker-2', 1, 0);
  second.connect(leaving.supervisorEnd, '1', -1);
  await t.rejects(second.follow(FIRST), { code: 'link_lost' });
});

t.test('a worker that says it serves something else is never believed', async (t) => {
  for (const lie of [0, -1, '2', null, {}]) {
    const worker = await openFakeLink(t, { 'routes.replace': () => lie });
    const peer = new WorkerPeer('worker-1', 1, 0);
    peer.connect(worker.supervisorEnd, '1', -1);
    await t.rejects(peer.follow(SECOND), { code: 'internal_error' }, JSON.stringify(lie));
    peer.markGone();
  }
});

t.test('an old connection that closes does not take the new one with it', async (t) => {
  const old = await openFakeLink(t);
  const fresh = await openFakeLink(t);
  const peer = new WorkerPeer('worker-1', 1, 0);
  peer.connect(old.supervisorEnd, '1', -1);
  peer.connect(fresh.supervisorEnd, '1', -1);
  peer.disconnect(old.supervisorEnd);
  t.equal(peer.link, fresh.supervisorEnd);
  await peer.follow(FIRST);
  t.equal(fresh.routes.snapshot.epoch, 1);
  t.equal(old.routes.snapshot.epoch, -1);
});
