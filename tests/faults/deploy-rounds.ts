/** Deployments under load, each of which must be served by all workers as soon as it is answered. */
import type { Test } from 'tap';
import { request } from 'node:http';
import type { SteadyLoad } from '../support/steady-load.ts';
import { helloOf, textOf } from './hello-of.ts';
import type { WorkersHost } from './workers-host.ts';

/** Connections that ask right after a deployment: enough for each worker to get some. */
const ASKING = 24;
/** How long an answer may take. */
const PATIENCE_MS = 30_000;

/** When the answers to deployments came: ms since 1970 by version. */
export type DeployTimes = Map<number, number>;

/** Deploys versions `from` to `to` of `app`, one after the other, and asks over new connections after each. */
export async function deployRounds(
  t: Test,
  cluster: WorkersHost,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<DeployTimes> {
  const times: DeployTimes = new Map();
  for (let version = from; version <= to; version += 1) {
    await cluster.host.deploy('app', await helloOf(version));
    times.set(version, performance.timeOrigin + performance.now());
    const texts = await Promise.all(Array.from({ length: ASKING }, () => ask(cluster.port)));
    t.same([...new Set(texts)], [textOf(version)], `all serve version ${version}`);
  }
  return times;
}

/** Asserts that nothing failed, and that no request got a version that had been replaced when it was sent. */
export async function assertAtomic(t: Test, load: SteadyLoad, times: DeployTimes): Promise<void> {
  const { failures, statuses, sent, texts, longestMs } = await load.stop();
  t.same(failures, []);
  t.same(Object.keys(statuses), ['200']);
  for (const [version, returnedMs] of times) {
    const old = texts[textOf(version - 1)];
    if (old === undefined) continue;
    t.ok(old.lastSentMs <= returnedMs, `version ${version - 1} is not served after ${version}`);
  }
  t.comment(`${sent} requests, 0 failed, longest ${Math.round(longestMs)} ms`);
}

function ask(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { port, host: '127.0.0.1', path: '/app/', agent: false };
    const one = request({ ...options, timeout: PATIENCE_MS }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      response.on('end', () => resolve(text)).on('error', reject);
    });
    one.on('timeout', () => one.destroy(new Error('no answer')));
    one.on('error', reject).end();
  });
}
