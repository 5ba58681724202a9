import fc from 'fast-check';
import t from 'tap';
import {
  applyChange,
  changeBetween,
  snapshotOf,
  stateOf,
} from '../../host/cluster/route-changes.ts';
import { WorkerRoutes } from '../../host/cluster/worker-routes.ts';
import type { FunctionRecord, RouteSnapshot } from '../../host/registry/model.ts';
import { changeSnapshot, createSnapshot } from '../../host/registry/snapshot.ts';
import { createRecord } from '../traffic/test-records.ts';
import { named } from './watchdog/deployed.ts';

/** What arrives at another process. */
const sent = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
const plain = ({ epoch, functions }: RouteSnapshot): object => ({
  epoch,
  functions: Object.fromEntries([...functions].sort(([a], [b]) => (a < b ? -1 : 1))),
});
const names = ['a', 'b', 'c', 'd', 'e'];
const step = fc.record({
  name: fc.constantFrom(...names),
  deletes: fc.boolean(),
  createdMs: fc.nat(1000),
  /** What happens on the way to the worker. */
  fate: fc.constantFrom('arrives', 'is lost', 'comes twice'),
});

t.test(
  'a worker that follows changes serves what the supervisor has, or knows that it does not',
  (t) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let snapshot = createSnapshot(0, []);
        const routes = new WorkerRoutes();
        routes.replace(sent(stateOf(snapshot)));
        for (const { name, deletes, createdMs, fate } of steps) {
          const record: FunctionRecord = { ...createRecord(name), createdMs };
          const change = deletes ? { deleted: named(name) } : { record };
          const next = changeSnapshot(snapshot, snapshot.epoch + 1, change);
          const told = sent(changeBetween(snapshot, next));
          snapshot = next;
          if (fate === 'is lost') continue;
          let epoch = routes.apply(told);
          if (fate === 'comes twice') epoch = routes.apply(told);
          if (epoch !== snapshot.epoch) epoch = routes.replace(sent(stateOf(snapshot)));
          t.strictSame(plain(routes.snapshot), plain(snapshot));
        }
      }),
      { numRuns: 100 },
    );
    t.end();
  },
);

t.test('a change is as long as what changed, however much is deployed', (t) => {
  const many = Array.from({ length: 2000 }, (_, index) => createRecord(`f${index}`));
  const before = createSnapshot(7, many);
  const after = changeSnapshot(before, 8, { record: createRecord('f5') });
  const { changed, deleted, from, epoch } = changeBetween(before, after);
  t.match({ changed, deleted, from, epoch }, { changed: [{ name: 'f5' }], from: 7, epoch: 8 });
  t.equal(changed.length, 1);
  t.end();
});

t.test('a change that leads over several snapshots is applied at once', (t) => {
  const first = createSnapshot(1, [createRecord('a'), createRecord('b')]);
  const second = changeSnapshot(first, 2, { deleted: named('a') });
  const third = changeSnapshot(second, 3, { record: createRecord('c') });
  const applied = applyChange(snapshotOf(sent(stateOf(first))), sent(changeBetween(first, third)));
  t.strictSame([...(applied?.functions.keys() ?? [])], ['b', 'c']);
  t.equal(applied?.epoch, 3);
  t.equal(applyChange(first, changeBetween(second, third)), undefined, 'one was missed');
  t.end();
});

t.test('listeners hear of each snapshot, until they leave', (t) => {
  const routes = new WorkerRoutes();
  t.equal(routes.snapshot.epoch, -1);
  const heard: number[] = [];
  const leave = routes.subscribe(({ epoch }) => heard.push(epoch));
  routes.replace(stateOf(createSnapshot(4, [])));
  t.equal(routes.apply({ from: 3, epoch: 4, changed: [], deleted: [] }), 4, 'a missed one is none');
  routes.apply({ from: 4, epoch: 5, changed: [], deleted: [] });
  leave();
  routes.apply({ from: 5, epoch: 6, changed: [], deleted: [] });
  t.strictSame(heard, [4, 5]);
  t.equal(routes.snapshot.epoch, 6);
  t.end();
});
