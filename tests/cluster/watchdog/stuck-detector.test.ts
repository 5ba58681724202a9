import t from 'tap';
import { StuckDetector, type Stuck } from '../../../host/cluster/watchdog/stuck-detector.ts';

const WATCHDOG_MS = 800;
const PERIOD_MS = 100;

/** Looks each period; what `running` gives for each look; until something is wrong. */
class Watch {
  readonly #detector = new StuckDetector(WATCHDOG_MS, PERIOD_MS);
  #nowMs = 5000;
  beat = 1;
  isExcused = false;

  look(running = 0, sinceMs = PERIOD_MS): Stuck | undefined {
    this.#nowMs += sinceMs;
    return this.#detector.look(this.#nowMs, this.beat, running, this.isExcused);
  }

  /** Looks several times; gives what the last look found. */
  looks(count: number, running = 0, sinceMs = PERIOD_MS): Stuck | undefined {
    let found: Stuck | undefined;
    for (let left = count; left > 0; left -= 1) found = this.look(running, sinceMs);
    return found;
  }
}

t.test('a loop without a beat is stuck when its time is over, and not before', async (t) => {
  const watch = new Watch();
  watch.look();
  t.equal(watch.looks(7, 3), undefined);
  t.same(watch.look(3), { place: 3, stuckMs: 800 });
});

t.test('each beat begins anew', async (t) => {
  const watch = new Watch();
  watch.look();
  for (let round = 0; round < 5; round += 1) {
    t.equal(watch.looks(7, 3), undefined);
    watch.beat += 1;
    t.equal(watch.look(3), undefined);
  }
});

t.test('the number of beats may wrap around', async (t) => {
  const watch = new Watch();
  watch.beat = 2 ** 31 - 1;
  watch.looks(7);
  watch.beat = -(2 ** 31);
  t.equal(watch.looks(7), undefined);
});

t.test('who ran before the loop stood still for half of the time is not to blame', async (t) => {
  const watch = new Watch();
  watch.look(1);
  watch.looks(3, 1);
  t.match(watch.looks(5, 2), { place: 2 });
});

for (const [what, running] of [
  ['two functions ran', [1, 1, 2, 1, 1]],
  ['a function ran at some looks only', [1, 0, 1, 1, 1]],
  ['none ran at first', [0, 1, 1, 1, 1]],
  ['a function without a name on the board ran now and then', [1, 1, 1, -1, 1]],
] as const) {
  t.test(`nobody is blamed if ${what}`, async (t) => {
    const watch = new Watch();
    watch.look();
    watch.looks(3);
    t.match(running.map((place) => watch.look(place)).at(-1), { place: 0 });
  });
}

t.test('one look is not enough to blame anybody', async (t) => {
  const detector = new StuckDetector(WATCHDOG_MS, WATCHDOG_MS);
  detector.look(0, 1, 4, false);
  t.same(detector.look(WATCHDOG_MS, 1, 4, false), { place: 0, stuckMs: WATCHDOG_MS });
});

t.test('time in which the watching thread was late does not count', async (t) => {
  const watch = new Watch();
  watch.look();
  t.equal(watch.look(1, 60_000), undefined, 'stopped for a minute');
  t.equal(watch.looks(20, 1, PERIOD_MS * 2 + 1), undefined, 'late again and again');
  t.equal(watch.looks(7, 1), undefined, 'on time, but not for long enough');
  t.match(watch.look(1), { place: 1, stuckMs: WATCHDOG_MS });
});

t.test('a loop that a debugger may hold is never stuck', async (t) => {
  const watch = new Watch();
  watch.look();
  watch.isExcused = true;
  t.equal(watch.looks(100, 1), undefined);
  watch.isExcused = false;
  t.equal(watch.looks(7, 1), undefined, 'its time begins when that ends');
  t.match(watch.look(1), { place: 1 });
});
