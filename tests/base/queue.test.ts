/** Behaves like a `Set` in order of insertion, for which it stands, and keeps no room for those who left. */
import fc from 'fast-check';
import t from 'tap';
import { Queue } from '../../host/base/queue.ts';

t.test('a queue does what a set does', (t) => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.constant('add' as const) },
    { weight: 3, arbitrary: fc.constant('first' as const) },
    { weight: 3, arbitrary: fc.nat(1000) },
    { weight: 1, arbitrary: fc.constant('clear' as const) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const queue = new Queue<{ id: number }>();
      const model = new Set<{ id: number }>();
      const left: { id: number }[] = [];
      const leave = (item: { id: number } | undefined): void => {
        if (item === undefined) return;
        t.equal(queue.delete(item), model.delete(item));
        left.push(item);
      };
      for (const [id, one] of steps.entries()) {
        if (one === 'add') {
          const item = { id };
          queue.add(item);
          model.add(item);
        } else if (one === 'first') leave(queue.first);
        else if (one === 'clear') {
          queue.clear();
          model.clear();
        } else leave([...model, ...left][one % Math.max(1, model.size + left.length)]);
        if (queue.size !== model.size || queue.first !== [...model][0]) return false;
      }
      return JSON.stringify([...queue]) === JSON.stringify([...model]);
    }),
  );
  t.end();
});

t.test('those who leave from behind one who stays leave no room behind', (t) => {
  const queue = new Queue<object>();
  const first = {};
  queue.add(first);
  const startedMs = performance.now();
  for (let count = 0; count < 200_000; count += 1) {
    const item = {};
    queue.add(item);
    queue.delete(item);
  }
  // Each would otherwise look at all that came before it.
  t.ok(performance.now() - startedMs < 2000);
  t.same([...queue], [first]);
  t.end();
});
