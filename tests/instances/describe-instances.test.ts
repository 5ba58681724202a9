import t from 'tap';
import { describeInstances } from '../../host/instances/describe-instances.ts';

t.test('describeInstances() says which way, why, how many, and what failed', (t) => {
  const figures = {
    strategy: 'fresh',
    reason: 'the engine jco cannot reset an instance',
    counts: { running: 1, idle: 0, warm: 2, evicted: {} },
    size: { alpha: 0.1, beta: 1, requestsPerSecond: 12.345, wanted: 3 },
  } as const;
  t.same(describeInstances(figures), [
    'instances a fresh one for every invocation: the engine jco cannot reset an instance',
    'instances now: 1 running, 0 idle, 2 warm; 3 wanted at 12 requests/s',
  ]);
  t.match(
    describeInstances({ ...figures, lastFailure: 'no luck' }).at(-1),
    'the last one could not be made ahead: no luck',
  );
  t.end();
});
