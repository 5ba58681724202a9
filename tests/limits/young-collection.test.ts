/** When the young generation is collected: after some cold starts, and when their responses are on the way. */
import { getHeapSpaceStatistics } from 'node:v8';
import t from 'tap';
import { openYoungCollector } from '../../host/limits/collector.ts';
import { YoungCollection } from '../../host/limits/young-collection.ts';

t.test('every fourth cold start, when nothing of it is on the stack', async (t) => {
  let collections = 0;
  const tasks: (() => void)[] = [];
  const young = new YoungCollection({
    collect: () => {
      collections += 1;
    },
    soon: (task) => tasks.push(task),
  });
  for (let start = 0; start < 3; start += 1) young.coldStartEnded();
  t.equal(tasks.length, 0);
  young.coldStartEnded();
  t.equal(collections, 0, 'its caller goes first');
  // What ends meanwhile is collected with the rest.
  young.coldStartEnded();
  t.equal(tasks.length, 1);
  tasks.pop()?.();
  t.equal(collections, 1);
  for (let start = 0; start < 4; start += 1) young.coldStartEnded();
  tasks.pop()?.();
  t.equal(collections, 2);
});

t.test('the young generation is collected, and nobody else can do so', (t) => {
  const collect = openYoungCollector();
  collect();
  for (let round = 0; round < 100; round += 1) Array.from({ length: 1000 }, () => round);
  const before = youngBytes();
  collect();
  t.ok(youngBytes() < before, 'what is dead is gone');
  t.equal('gc' in globalThis, false);
  t.end();
});

function youngBytes(): number {
  const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
  return young?.space_used_size ?? 0;
}
