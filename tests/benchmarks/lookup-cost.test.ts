import t from 'tap';
import { measureLookups } from '../../benchmarks/kit/lookup-cost.ts';
import { nameOf, routeOf } from '../../benchmarks/kit/many-functions.ts';
import { parseFunctionName } from '../../host/base/ids.ts';
import type { FunctionRecord } from '../../host/registry/model.ts';
import { createSnapshot } from '../../host/registry/snapshot.ts';

t.test('look-ups are measured in every way, with one function and with all', async (t) => {
  const records = Array.from({ length: 50 }, (_, index) => ({
    namespace: 'default',
    name: parseFunctionName(nameOf(index)),
    routes: [{ host: '*', path: `${routeOf(index)}/*` }],
  }));
  // The router looks at names and routes alone.
  const snapshot = createSnapshot(1, records as unknown as readonly FunctionRecord[]);
  const costs = measureLookups(snapshot, 1);
  t.same(
    costs.map(({ way, functions }) => `${way} ${functions}`),
    [1, 50].flatMap((functions) =>
      ['host', 'path', 'route', 'any'].map((way) => `${way} ${functions}`),
    ),
  );
  // What one step of the clock is to a few look-ups may be 0.
  for (const { ns } of costs) t.ok(ns >= 0 && ns < 1e6, String(ns));
});
