/**
 * Ten thousand versions of a function, one after the other, each with code that V8 has never seen: what a version
 * had goes when the next one has come, so the process does not grow. Generated code that was imported, or that anything
 * still refers to, would be there for ever.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { systemClock } from '../../host/base/clock.ts';
import { digestOf, type Digest, type VersionNumber } from '../../host/base/ids.ts';
import type { PreparedArtifact } from '../../host/engine/engine.ts';
import type { EngineName } from '../../host/engine/manifest.ts';
import { PrometheusObserver } from '../../host/metrics/prometheus.ts';
import type { FunctionRecord } from '../../host/registry/model.ts';
import { example } from '../guests/guests.ts';
import { HOST_USE } from '../metrics/scrape.ts';
import { openHarness } from './harness.ts';

const MIB = 2 ** 20;
/** Small, so that versions are evicted soon. */
const CACHE_BYTES = 4 * MIB;

/** By engine: versions before the first look, when whatever is made once is there, and after it. */
const VERSIONS: readonly (readonly [engine: EngineName, before: number, after: number])[] = [
  ['native', 500, 10_000],
  // Each costs ten times as much, and leaves ten times as much if it leaves anything.
  ['jco', 100, 1000],
];

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options: {
  readonly type: 'major';
  readonly flavor: 'last-resort';
}) => void;

async function look(): Promise<{
  heapBytes: number;
  externalBytes: number;
  residentBytes: number;
}> {
  for (let round = 0; round < 6; round += 1) {
    // As V8 does before it runs out of memory: otherwise it keeps code of scripts for a while that nothing refers to.
    collect({ type: 'major', flavor: 'last-resort' });
    await wait(50);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heapBytes: heapUsed, externalBytes: external, residentBytes: rss };
}

for (const [engine, before, after] of VERSIONS) {
  const title = `${after} redeployments on the ${engine} engine leave nothing behind`;
  t.test(title, { timeout: 600_000 }, async (t) => {
    let base: FunctionRecord | undefined;
    const host = await openHarness(t, {
      engine,
      observer: new PrometheusObserver({
        maxFunctions: 100,
        clock: systemClock,
        moduleCacheBytes: () => 0,
        hostUse: HOST_USE,
      }),
      config: { cache: { moduleBytes: CACHE_BYTES } },
      alter: async (digest, load) => {
        if (base === undefined || digest === base.live.artifact) return load(digest);
        return withNonce(await load(base.live.artifact), digest);
      },
    });
    const deployed = await host.deploy('hello', example('hello-rust'));
    base = deployed;
    let number = 1;
    const redeploy = async (times: number): Promise<void> => {
      for (const until = number + times; number < until;) {
        number += 1;
        const artifact = digestOf(new TextEncoder().encode(`version ${number}`));
        const live = { ...deployed.live, number: number as VersionNumber, artifact };
        const record = { ...deployed, live };
        host.follow({ epoch: number, functions: new Map([[record.name, record]]) });
        const { status, result } = await host.call(record, '/');
        if (status !== 200) throw result.error ?? new Error(`version ${number}: ${status}`);
      }
    };
    await redeploy(before);
    const first = await look();
    await redeploy(after);
    const second = await look();
    t.comment(JSON.stringify({ first, second }));
    t.ok(second.heapBytes - first.heapBytes < 4 * MIB, 'heap');
    t.ok(second.externalBytes - first.externalBytes < 4 * MIB, 'memory outside the heap');
    t.ok(second.residentBytes - first.residentBytes < 64 * MIB, 'resident memory');
  });
}

/** The same code in other bytes: V8 knows neither the script nor the modules. */
function withNonce({ manifest, files }: PreparedArtifact, nonce: Digest): PreparedArtifact {
  const encoder = new TextEncoder();
  const name = encoder.encode(nonce);
  const section = [0, name.length + 1, name.length, ...name];
  const changed = [...files].map(([file, bytes]): [string, Uint8Array] => {
    if (file === manifest.glue) return [file, join(bytes, encoder.encode(`// ${nonce}\n`))];
    return [file, file.endsWith('.wasm') ? join(bytes, section) : bytes];
  });
  return { manifest, files: new Map(changed) };
}

function join(bytes: Uint8Array, more: ArrayLike<number>): Uint8Array {
  const joined = new Uint8Array(bytes.length + more.length);
  joined.set(bytes);
  joined.set(more, bytes.length);
  return joined;
}
