import t from 'tap';
import { HostError } from '../../host/base/errors.ts';
import { CommitQueue } from '../../host/key-value/commit-queue.ts';
import type { Change } from '../../host/key-value/sqlite-store.ts';
import { openDirectStore } from './direct-store.ts';

const LIMITS = { queue: 3000, queueBytes: 1000 * 1024 * 1024 };
const change = (key: string): Change => ({ kind: 'delete', store: 's', keys: [key] });

t.test('changes that come together are one commit', async (t) => {
  const { port, commits } = openDirectStore();
  const store = port.open('s');
  const set = (key: string): Promise<number> => store.set([{ key, value: Buffer.from('v') }]);
  await set('alone');
  await Promise.all(Array.from({ length: 50 }, (_, index) => set(`k${index}`)));
  t.same(commits, [1, 50]);
});

t.test('a commit is bounded in changes and in bytes', async (t) => {
  const sizes: number[] = [];
  const queue = new CommitQueue((batch) => {
    sizes.push(batch.length);
    return batch.map(() => ({ value: 0 }));
  }, LIMITS);
  await Promise.all(Array.from({ length: 2500 }, (_, index) => queue.push(change(`${index}`), 1)));
  t.same(sizes, [1024, 1024, 452]);
  sizes.length = 0;
  const large = 3 * 1024 * 1024;
  await Promise.all(Array.from({ length: 7 }, (_, index) => queue.push(change(`${index}`), large)));
  t.same(sizes, [3, 3, 1]);
});

t.test('more than may wait is refused at once, and what waits is not disturbed', async (t) => {
  const queue = new CommitQueue((batch) => batch.map(() => ({ value: 7 })), {
    queue: 2,
    queueBytes: 100,
  });
  const first = queue.push(change('a'), 1000);
  t.throws(() => queue.push(change('b'), 1), { code: 'key_value_busy', message: /1001 bytes/ });
  t.equal(await first, 7, 'one call alone always fits');
  const waiting = [queue.push(change('a'), 1), queue.push(change('b'), 1)];
  t.throws(() => queue.push(change('c'), 1), { code: 'key_value_busy', message: /2 calls/ });
  t.same(await Promise.all(waiting), [7, 7]);
  t.equal(await queue.push(change('d'), 1), 7, 'and later there is room again');
});

t.test(
  'a change that is refused leaves the others alone; a commit that fails fails all',
  async (t) => {
    const refusal = new HostError('key_value_refused', { action: 'do it', reason: 'no' });
    let isBroken = false;
    const queue = new CommitQueue((batch) => {
      if (isBroken) throw new HostError('key_value_failed', { reason: 'full' });
      return batch.map((_, index) => (index === 1 ? { error: refusal } : { value: index }));
    }, LIMITS);
    const push = (): Promise<PromiseSettledResult<unknown>[]> =>
      Promise.allSettled(['a', 'b', 'c'].map((key) => queue.push(change(key), 1)));
    t.match(await push(), [{ value: 0 }, { reason: refusal }, { value: 2 }]);
    isBroken = true;
    for (const result of await push()) t.match(result, { reason: { code: 'key_value_failed' } });
    isBroken = false;
    t.match(await push(), [{ value: 0 }, { reason: refusal }, { value: 2 }]);
  },
);

t.test('flush() commits all that waits, before it returns', async (t) => {
  let committed = 0;
  const queue = new CommitQueue((batch) => {
    committed += batch.length;
    return batch.map(() => ({ value: 0 }));
  }, LIMITS);
  const pushed = Array.from({ length: 1500 }, (_, index) => queue.push(change(`${index}`), 1));
  queue.flush();
  t.equal(committed, 1500);
  await Promise.all(pushed);
});
