/** Everything that goes wrong, at once and for long: what is left at the end is what there was at the beginning. */
import t from 'tap';
import { liveBufferBytes } from '../e2e/live-bytes.ts';
import type { Answer } from '../e2e/host-client.ts';
import { openRunningHost, deployCanary } from '../e2e/running-host.ts';
import { brokenAbi, FAULT_NAMES } from '../guests/broken-abi.ts';
import { burn, BURN_ENVIRONMENT, BURN_PLACES } from '../guests/burn.ts';
import { misbehave } from '../guests/guests.ts';
import { besideCanary } from './neighbour.ts';

const MIB = 2 ** 20;
const LIMITS = { memoryBytes: 16 * MIB, cpuMs: 20, timeoutMs: 5000, responseBodyBytes: MIB };
const ROUNDS = 200;
/** Instances that are kept ready, and their spare memories, come and go; one of 17 pages that each hundredth request left behind would be more. */
const POOLED_BYTES = 32 * MIB;
/** Requests under way at once. */
const LANES = 8;

/** Deeds of `misbehave`. */
const DEEDS = [
  '/panic',
  '/recurse',
  '/recurse?of=memory',
  '/stale-handle',
  '/over-write',
  '/no-response',
  '/body-then-trap',
  '/drop-body',
  '/exit?code=1',
  '/grow?mib=64',
  '/hog-handles?n=1000000&leak=1',
  '/many-headers',
  '/huge?bytes=100000000',
  '/spin',
  '/sleep?ms=20',
  '/state',
] as const;

t.test('thousands of guests that fail in every way leave nothing behind', async (t) => {
  const host = await openRunningHost(t);
  await deployCanary(host);
  const paths: string[] = [];
  for (const [index, place] of BURN_PLACES.entries()) {
    const settings = { limits: LIMITS, environment: BURN_ENVIRONMENT };
    await host.deploy(`burn${index}`, await burn(place), settings);
    paths.push(`/burn${index}/`);
  }
  for (const [index, fault] of FAULT_NAMES.entries()) {
    await host.deploy(`fault${index}`, await brokenAbi(fault), { limits: LIMITS });
    paths.push(`/fault${index}/`);
  }
  await host.deploy('bad', misbehave(), { limits: LIMITS });
  for (const deed of DEEDS) paths.push(`/bad${deed}`);
  const names = [...new Set(paths.map((path) => path.split('/')[1] ?? ''))];

  const round = async (): Promise<void> => {
    const left = [...paths];
    const lane = async (): Promise<void> => {
      for (let path = left.pop(); path !== undefined; path = left.pop()) {
        const answer = await host.call(path).catch((error: unknown) => error as Error);
        if (!isExpected(answer)) t.fail(`${path} was answered with ${describe(answer)}`);
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
  };
  // The first rounds load every module and fill every cache.
  await besideCanary(t, host, names, round, 10_000);
  await round();
  const before = { buffers: liveBufferBytes(), heap: process.memoryUsage().heapUsed };
  const half = await measureAfter(t, ROUNDS / 2);
  const whole = await measureAfter(t, ROUNDS / 2);
  t.ok(
    half.buffers - before.buffers < POOLED_BYTES,
    `${half.buffers - before.buffers} bytes after half`,
  );
  t.ok(whole.buffers - half.buffers < POOLED_BYTES, `${whole.buffers - half.buffers} bytes more`);
  t.ok(whole.heap - half.heap < 8 * MIB, `${whole.heap - half.heap} bytes of heap more`);

  async function measureAfter(test: typeof t, rounds: number): Promise<typeof before> {
    await besideCanary(
      test,
      host,
      names,
      async () => {
        for (let left = rounds; left > 0; left -= 1) await round();
      },
      10_000,
    );
    return { buffers: liveBufferBytes(), heap: process.memoryUsage().heapUsed };
  }
});

/** A coded answer, a good one, or a response that broke off. */
function isExpected(answer: Answer | Error): boolean {
  if (answer instanceof Error) return (answer as { code?: string }).code === 'UND_ERR_SOCKET';
  return (
    answer.status === 200 || /^(guest_|cpu_limit$|memory_limit$)/.test(answer.error?.code ?? '')
  );
}

function describe(answer: Answer | Error): string {
  return answer instanceof Error ? String(answer) : `${answer.status} ${answer.text}`;
}
