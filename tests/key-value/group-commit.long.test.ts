/** What group commit is for, measured: many writers share the wait for the disk. Prints the figures of docs/wasi.md. */
import t from 'tap';
import '../support/plain-spawn.ts';
import { systemClock } from '../../host/base/clock.ts';
import { KeyValueHost } from '../../host/key-value/key-value-host.ts';
import type { KeyValueBucket } from '../../host/key-value/key-value-store.ts';
import { silentLog } from '../../host/logs/log.ts';
import { shortFolder } from '../admin/short-folder.ts';
import { limitsOf } from './direct-store.ts';

const SECONDS = 2;

t.test('32 writers make more than twice the writes of one', async (t) => {
  const dataDir = await shortFolder(t);
  const host = new KeyValueHost({
    dataDir,
    limits: limitsOf(),
    clock: systemClock,
    log: silentLog,
  });
  t.teardown(() => host.close());
  const store = host.open('s');
  await store.set([{ key: 'warm', value: Buffer.alloc(1) }]);
  for (const bytes of [100, 10_000]) {
    const alone = await writesPerSecond(store, 1, bytes);
    const together = await writesPerSecond(store, 32, bytes);
    t.comment(`${bytes} bytes: 1 writer ${alone} writes/s, 32 writers ${together} writes/s`);
    t.ok(together > 2 * alone);
  }
});

async function writesPerSecond(
  store: KeyValueBucket,
  writers: number,
  bytes: number,
): Promise<number> {
  const value = Buffer.alloc(bytes, 1);
  const endMs = performance.now() + SECONDS * 1000;
  let count = 0;
  const write = async (writer: number): Promise<void> => {
    while (performance.now() < endMs) {
      await store.set([{ key: `${writer}-${count % 1000}`, value }]);
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  return Math.round(count / SECONDS);
}
