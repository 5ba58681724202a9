import t from 'tap';
import { StartStrategy } from '../../host/instances/start-strategy.ts';

/** Lets a strategy decide, and measures what it decided for. Gives how many were reset. */
function serve(
  strategy: StartStrategy,
  { calls, freshMs, resetMs }: { calls: number; freshMs: number; resetMs: number },
): number {
  let resets = 0;
  for (let call = 0; call < calls; call += 1) {
    if (strategy.shouldReset()) {
      strategy.addReset(resetMs);
      resets += 1;
    } else {
      strategy.addFresh(freshMs);
    }
  }
  return resets;
}

t.test('nothing is reset until that is possible, and never where it is not', (t) => {
  const strategy = new StartStrategy('reset');
  t.notOk(strategy.shouldReset());
  t.notOk(strategy.prefersReset);
  strategy.allow();
  t.ok(strategy.shouldReset());
  t.ok(strategy.prefersReset);
  strategy.forbid('it has a reason');
  t.notOk(strategy.shouldReset());
  t.match(strategy.figures(), { strategy: 'fresh', reason: 'it has a reason' });
  t.end();
});

t.test('a forced way is taken whatever it costs', (t) => {
  for (const choice of ['fresh', 'reset'] as const) {
    const strategy = new StartStrategy(choice);
    strategy.allow();
    strategy.addFresh(choice === 'fresh' ? 10 : 0);
    const calls = 1000;
    const resets = serve(strategy, { calls, freshMs: 1, resetMs: choice === 'reset' ? 10 : 0 });
    t.equal(resets, choice === 'reset' ? calls : 0);
    t.match(strategy.figures(), { strategy: choice, reason: 'it was asked for' });
  }
  t.end();
});

t.test('the cheaper way is taken, and the other one tried now and then', (t) => {
  const strategy = new StartStrategy('auto');
  strategy.allow();
  strategy.addFresh(0.1);
  const cheap = serve(strategy, { calls: 10_000, freshMs: 0.1, resetMs: 0.01 });
  t.ok(cheap > 9900 && cheap < 10_000, `${cheap} resets`);
  const dear = serve(strategy, { calls: 20_000, freshMs: 0.1, resetMs: 5 });
  t.ok(dear < 5000, `${dear} resets after they became dear`);
  t.match(strategy.figures(), {
    strategy: 'fresh',
    reason: 'a reset takes 5000 µs, a fresh instance 150 µs',
    freshMicros: 150,
    resetMicros: 5000,
  });
  serve(strategy, { calls: 20_000, freshMs: 0.1, resetMs: 0.01 });
  t.equal(strategy.figures().strategy, 'reset', 'and back');
  t.end();
});

t.test(
  'fresh instances are tried seldom where resets are cheaper, resets more often where they are not',
  (t) => {
    const strategy = new StartStrategy('auto');
    strategy.allow();
    strategy.addFresh(0.1);
    serve(strategy, { calls: 40_000, freshMs: 0.1, resetMs: 0.01 });
    const resets = serve(strategy, { calls: 200_000, freshMs: 0.1, resetMs: 0.01 });
    t.ok(resets >= 200_000 - 13 && resets < 200_000, `${200_000 - resets} of 200,000 were fresh`);
    serve(strategy, { calls: 40_000, freshMs: 0.1, resetMs: 5 });
    const tries = serve(strategy, { calls: 100_000, freshMs: 0.1, resetMs: 5 });
    t.ok(tries >= 90 && tries <= 110, `${tries} of 100,000 were reset`);
    t.end();
  },
);

t.test('a pause of the garbage collector changes nothing, nor does a small difference', (t) => {
  const strategy = new StartStrategy('auto');
  strategy.allow();
  strategy.addFresh(0.1);
  serve(strategy, { calls: 100, freshMs: 0.1, resetMs: 0.05 });
  for (let sample = 0; sample < 2; sample += 1) {
    for (let call = 0; call < 64; call += 1) strategy.addReset(50);
  }
  t.equal(strategy.figures().strategy, 'reset', 'two of five samples say nothing');
  serve(strategy, { calls: 10_000, freshMs: 0.1, resetMs: 0.16 });
  t.equal(strategy.figures().strategy, 'reset', '0.15 ms is not clearly less than 0.16 ms');
  t.end();
});
