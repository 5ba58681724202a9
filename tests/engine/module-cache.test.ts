import t from 'tap';
import { systemClock } from '../../host/base/clock.ts';
import { digestOf, type Digest } from '../../host/base/ids.ts';
import type { Engine, Module, PreparedArtifact } from '../../host/engine/engine.ts';
import type { Manifest } from '../../host/engine/manifest.ts';
import { ModuleCache } from '../../host/engine/module-cache.ts';
import { silentObserver } from '../../host/metrics/observer.ts';

/** Modules of a declared weight: the cache looks at nothing else of them. */
function openCache(maxBytes: number, codeBytes: number): { cache: ModuleCache; events: string[] } {
  const events: string[] = [];
  const manifest = {} as Manifest;
  const engine: Engine = {
    name: 'jco',
    load: async (prepared: PreparedArtifact): Promise<Module> => {
      const name = [...prepared.files.keys()].join();
      events.push(`load ${name}`);
      return {
        manifest,
        codeBytes,
        instantiate: () => Promise.reject(new Error('not instantiated here')),
        close: () => void events.push(`close ${name}`),
      };
    },
  };
  const read = async (artifact: Digest): Promise<PreparedArtifact> => ({
    manifest,
    files: new Map([[artifact.slice(7, 11), new Uint8Array(0)]]),
  });
  const observer = { ...silentObserver, cache: (event: string) => void events.push(event) };
  return {
    cache: new ModuleCache({ maxBytes, engine, read, clock: systemClock, observer }),
    events,
  };
}

const [a, b] = [1, 2].map((byte) => digestOf(new Uint8Array([byte]))) as [Digest, Digest];

t.test('acquire() compiles once for all who ask at the same time', async (t) => {
  const { cache, events } = openCache(100, 10);
  const leases = await Promise.all([cache.acquire(a), cache.acquire(a), cache.acquire(a)]);
  t.equal(events.filter((event) => event.startsWith('load')).length, 1);
  t.equal(new Set(leases.map(({ module }) => module)).size, 1);
  t.ok(leases[0]?.loaded, 'who waited for the loading had a cold start');
  const again = await cache.acquire(a);
  t.equal(again.loaded, undefined);
  t.equal(events.at(-1), 'hit');
  t.equal(cache.bytes, 10);
});

t.test('an evicted module is closed when its last user has gone', async (t) => {
  const { cache, events } = openCache(10, 10);
  const first = await cache.acquire(a);
  const second = await cache.acquire(a);
  await cache.acquire(b);
  t.ok(events.includes('eviction'));
  t.notOk(events.some((event) => event.startsWith('close')));
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  t.notOk(
    events.some((event) => event.startsWith('close')),
    'the second user is still there',
  );
  second[Symbol.dispose]();
  t.equal(events.filter((event) => event.startsWith('close')).length, 1);
});

t.test('a module larger than the cache serves and is not kept', async (t) => {
  const { cache, events } = openCache(5, 10);
  const lease = await cache.acquire(a);
  t.equal(cache.bytes, 0);
  const closings = (): number => events.filter((event) => event.startsWith('close')).length;
  t.equal(closings(), 0, 'it is open while it serves');
  lease[Symbol.dispose]();
  t.equal(closings(), 1);
});

t.test('a dropped module is closed when its last user has gone, and loaded again', async (t) => {
  const { cache, events } = openCache(100, 10);
  const lease = await cache.acquire(a);
  t.equal(cache.drop(a), true);
  t.equal(cache.drop(a), false, 'it is gone');
  t.equal(cache.bytes, 0);
  t.notOk(events.some((event) => event.startsWith('close')));
  lease[Symbol.dispose]();
  t.ok(events.some((event) => event.startsWith('close')));
  using again = await cache.acquire(a);
  t.ok(again.loaded, 'a cold start');
  t.notOk(events.includes('eviction'), 'nothing had to make room');
});
