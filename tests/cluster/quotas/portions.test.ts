import t from 'tap';
import { Portions } from '../../../host/cluster/quotas/portions.ts';

t.test('each worker has a portion, and one too many waits for the first that is free', (t) => {
  const portions = new Portions(2);
  for (const worker of ['a', 'b', 'c', 'd']) portions.take(worker);
  portions.take('a');
  t.same(
    ['a', 'b', 'c', 'd'].map((worker) => portions.of(worker)),
    [0, 1, undefined, undefined],
  );
  portions.leave('c');
  portions.leave('a');
  t.same([portions.of('a'), portions.of('b'), portions.of('d')], [undefined, 1, 0]);
  t.end();
});

t.test('a portion stays free until somebody comes, and the lowest is taken first', (t) => {
  const portions = new Portions(3);
  for (const worker of ['a', 'b', 'c']) portions.take(worker);
  portions.leave('b');
  portions.leave('b');
  portions.leave('a');
  t.equal(portions.of('c'), 2, 'nobody moves');
  portions.take('d');
  portions.take('e');
  t.same([portions.of('d'), portions.of('e')], [0, 1]);
  t.end();
});
