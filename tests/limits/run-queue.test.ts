import fc from 'fast-check';
import t from 'tap';
import { RunQueue } from '../../host/limits/run-queue.ts';
import { Share, type Turn } from '../../host/limits/share.ts';

const action = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), share: fc.nat(7) }),
  fc.record({ kind: fc.constant('take' as const), ms: fc.integer({ min: 0, max: 5 }) }),
  fc.record({ kind: fc.constant('remove' as const), turn: fc.nat(40) }),
  // Somebody may be charged while others of the function wait.
  fc.record({ kind: fc.constant('charge' as const), share: fc.nat(7), ms: fc.nat(5) }),
);

t.test('the oldest turn of the function that had least comes next, whatever happened', (t) => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
      const queue = new RunQueue();
      const shares = Array.from({ length: 8 }, () => new Share());
      const model: Turn[] = [];
      for (const one of actions) {
        if (one.kind === 'add') {
          const turn: Turn = { share: shares[one.share] as Share, preempted: false, start() {} };
          queue.add(turn);
          model.push(turn);
        } else if (one.kind === 'charge') {
          shares[one.share]?.charge(one.ms, 1);
        } else if (one.kind === 'remove') {
          const turn = model[one.turn];
          if (turn === undefined) continue;
          queue.remove(turn);
          model.splice(one.turn, 1);
        } else {
          const least = Math.min(...model.map(({ share }) => share.virtualMs));
          const next = queue.peek();
          if (model.length === 0) {
            if (next !== undefined) throw new Error('a turn that nobody waits for');
            continue;
          }
          if (next === undefined || next.share.virtualMs !== least) {
            throw new Error('not of the function that had least');
          }
          const index = model.findIndex(({ share }) => share === next.share);
          if (model[index] !== next) throw new Error('not its oldest');
          model.splice(index, 1);
          queue.remove(next);
          next.share.charge(one.ms, 1);
        }
      }
    }),
    { numRuns: 500 },
  );
  t.end();
});
