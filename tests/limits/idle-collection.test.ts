/** When garbage is collected: while it is quiet, and if it is worth it. */
import t from 'tap';
import { IdleCollection } from '../../host/limits/idle-collection.ts';
import { ManualClock } from '../wasi/manual-clock.ts';

const MIB = 1024 * 1024;

t.test('it is collected once it has been quiet for long, and once', async (t) => {
  const clock = new ManualClock();
  const state = { usedBytes: 30 * MIB, busyShare: 0, collections: 0 };
  const collection = new IdleCollection({
    clock,
    collect: () => {
      state.collections += 1;
      state.usedBytes = 35 * MIB;
    },
    usedBytes: () => state.usedBytes,
    busyShare: () => state.busyShare,
  });
  const look = (): number => {
    for (let second = 0; second < 35; second += 1) clock.advance(1000);
    return state.collections;
  };
  t.equal(look(), 0, 'nothing to collect');
  Object.assign(state, { usedBytes: 200 * MIB, busyShare: 0.5 });
  t.equal(look(), 0, 'somebody would wait');
  state.busyShare = 0;
  for (let second = 0; second < 34; second += 1) clock.advance(1000);
  t.equal(state.collections, 0, 'not long enough');
  state.busyShare = 0.5;
  clock.advance(1000);
  state.busyShare = 0;
  clock.advance(1000);
  t.equal(state.collections, 0, 'from the beginning');
  t.equal(look(), 1);
  t.equal(look(), 1, 'what is left is no garbage');
  state.usedBytes = 50 * MIB;
  t.equal(look(), 1, 'too little');
  state.usedBytes = 52 * MIB;
  t.equal(look(), 2);
  // V8 has collected more than this did.
  state.usedBytes = 20 * MIB;
  t.equal(look(), 2);
  state.usedBytes = 40 * MIB;
  t.equal(look(), 3);
  collection.close();
  t.equal(clock.timers, 0);
  state.usedBytes = 400 * MIB;
  t.equal(look(), 3);
});
