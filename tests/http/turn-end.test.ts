import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { systemClock } from '../../host/base/clock.ts';
import { TurnEnd } from '../../host/http/turn-end.ts';

t.test('answers leave together when the turn is over', async (t) => {
  const turnEnd = new TurnEnd({ ...systemClock, monotonicMs: () => 0 });
  const sent: number[] = [];
  for (const answer of [1, 2, 3]) turnEnd.add({ sendHeld: () => sent.push(answer) });
  t.strictSame(sent, []);
  await setImmediate();
  t.strictSame(sent, [1, 2, 3]);
});

t.test('a long turn does not hold what came first', async (t) => {
  let nowMs = 0;
  const turnEnd = new TurnEnd({ ...systemClock, monotonicMs: () => nowMs });
  const sent: number[] = [];
  turnEnd.add({ sendHeld: () => sent.push(1) });
  nowMs = 2;
  turnEnd.add({ sendHeld: () => sent.push(2) });
  t.strictSame(sent, [1]);
  await setImmediate();
  t.strictSame(sent, [1, 2]);
});
