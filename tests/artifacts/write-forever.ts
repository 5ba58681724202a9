/**
 * A child that writes to an artifact store until it is killed, one line on stdout for each durable
 * thing: `node write-forever.ts DIRECTORY put|prepared|stall|once`.
 */
import { createHash, randomBytes } from 'node:crypto';
import { openFsArtifactStore } from '../../host/artifacts/fs-artifact-store.ts';
import { systemClock } from '../../host/base/clock.ts';
import { toHostError } from '../../host/base/errors.ts';
import { digestOf } from '../../host/base/ids.ts';
import { pieces } from './artifact-store-suite.ts';

const LIMIT = 1e9;
const [, , directory = '', mode] = process.argv;
const store = await openFsArtifactStore(directory, { clock: systemClock });

async function* stall(): AsyncGenerator<Uint8Array> {
  yield randomBytes(500_000);
  process.stdout.write('half\n');
  await new Promise(() => setInterval(() => undefined, 1_000_000));
}

async function attempt(task: () => Promise<unknown>): Promise<string> {
  return task().then(
    () => 'stored',
    (error: unknown) => `${toHostError(error).code} ${toHostError(error).status}`,
  );
}

if (mode === 'stall') await store.put(stall(), LIMIT, undefined);
if (mode === 'once') {
  const bytes = randomBytes(3_000_000);
  const key = `sha256:${createHash('sha256').update('key').digest('hex')}`;
  const put = await attempt(() => store.put(pieces(bytes, 65_536), LIMIT, undefined));
  const prepared = await attempt(() =>
    store.putPrepared(key as ReturnType<typeof digestOf>, [{ name: 'a', bytes }]),
  );
  const small = await attempt(() => store.put(pieces(randomBytes(100)), LIMIT, undefined));
  process.stdout.write(JSON.stringify({ put, prepared, small }));
}
if (mode === 'put' || mode === 'prepared') await writeForever(mode);

async function writeForever(what: 'put' | 'prepared'): Promise<never> {
  for (;;) {
    const bytes = randomBytes(100_000);
    const digest = digestOf(bytes);
    if (what === 'put') await store.put(pieces(bytes, 10_000), LIMIT, undefined);
    else
      await store.putPrepared(
        digest,
        ['a', 'b', 'c'].map((name) => ({ name, bytes })),
      );
    process.stdout.write(`${digest}\n`);
  }
}
