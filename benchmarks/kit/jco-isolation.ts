/**
 * Isolated requests a second of one component: our host beside `jco serve --isolate-requests=instance`, which makes a
 * new instance for each as well. Both are one process with one thread; rounds alternate.
 */
import { join } from 'node:path';
import { CloseStack } from '../../host/base/closeable.ts';
import { encodeRequest } from '../load/encode-request.ts';
import { openLoader } from '../load/loader.ts';
import { createJcoServe } from '../peers/jco-peer.ts';
import { openPeer } from '../peers/open-peer.ts';
import { alternate } from './alternate.ts';
import { BenchHost } from './bench-host.ts';
import type { ExampleRequest } from './examples.ts';
import type { BuiltLanguage } from './language-builds.ts';
import { openTemporaryDirectory } from './temporary-directory.ts';

/** Requests a second of each side, round by round. */
export interface JcoComparison {
  readonly version: string;
  readonly ours: readonly number[];
  readonly jco: readonly number[];
}

/** How much is measured. */
export interface JcoPlan {
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly durationMs: number;
}

/** Both sides are busy all the time, and nobody waits long. */
export const JCO_CONNECTIONS = 8;
const NAME = 'isolated';

/**
 * Compares.
 *
 * @returns A sentence without a full stop if jco does not run here.
 * @throws {Error} If a side does not answer: jco ends when a guest traps.
 */
export async function compareWithJco(
  { bytes, path }: BuiltLanguage,
  limits: Readonly<Record<string, number>>,
  request: ExampleRequest,
  { rounds, ...times }: JcoPlan,
): Promise<JcoComparison | string> {
  await using closing = new CloseStack();
  const directory = closing.push(await openTemporaryDirectory());
  await using stack = new AsyncDisposableStack();
  const peer = createJcoServe(path, 'instance');
  const jco = await openPeer(stack, peer, join(directory.path, 'peer'), request.path);
  if ('reason' in jco) return `${jco.name} is left out: ${jco.reason}`;
  const host = closing.push(await BenchHost.open());
  await host.deployBytes(NAME, bytes, { limits });
  const loader = closing.push(await openLoader());
  const sides = [
    { rates: [] as number[], port: host.port, host: `${NAME}.localhost` },
    { rates: [] as number[], port: jco.port, host: 'localhost' },
  ] as const;
  for (const round of alternate(sides, rounds)) {
    for (const side of round) {
      const order = { port: side.port, request: encodeRequest(side.host, request), ...times };
      const outcome = await loader.ask({ ...order, connections: JCO_CONNECTIONS });
      side.rates.push(outcome.requestsPerSecond);
    }
  }
  return { version: jco.version, ours: sides[0].rates, jco: sides[1].rates };
}
