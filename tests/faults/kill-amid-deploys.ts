/** One round: a host is killed with SIGKILL amid many deployments; the next one must have all it acknowledged. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { startHostProcess } from '../e2e/host-process.ts';

/** What a host has said yes to, over all rounds. */
export interface Acknowledged {
  /** Function → its live version, by all that was acknowledged. */
  readonly versions: Map<string, number>;
  /** Functions whose deletion was asked for, and perhaps done. */
  readonly deleting: Set<string>;
}

/** How a round goes. */
export interface Round {
  /** Components to deploy, by turns. */
  readonly guests: readonly Uint8Array[];
  /** Deployments at once; each is of a function of its own. */
  readonly deploys: number;
  /** Number of acknowledgements after which the host is killed. */
  readonly killAfter: number;
  /** Tells this round's deployments from those before. */
  readonly nonce: string;
}

/** Starts a host, checks all that was acknowledged, and kills it amid deployments. */
export async function killAmidDeploys(
  t: Test,
  dataDir: string,
  known: Acknowledged,
  { guests, deploys, killAfter, nonce }: Round,
): Promise<void> {
  const host = await startHostProcess(t, dataDir);
  await checkAcknowledged(t, host, known);
  const reached = Promise.withResolvers<void>();
  let count = 0;
  const acknowledge = (): void => {
    count += 1;
    if (count === killAfter) reached.resolve();
  };
  const running = Array.from({ length: deploys }, async (_, index) => {
    const name = `app-${index}`;
    const guest = guests[index % guests.length] ?? new Uint8Array();
    // Its last function is deleted after each deployment, so that deletions are killed as well.
    const isLast = index === deploys - 1;
    const { version } = await host.deploy(name, guest, { environment: [['NONCE', nonce]] });
    known.versions.set(name, version.version);
    acknowledge();
    if (!isLast) return;
    known.deleting.add(name);
    await host.api.json({ method: 'DELETE', path: `/v1/functions/${name}` });
    known.versions.delete(name);
  });
  const over = Promise.allSettled(running);
  await Promise.race([reached.promise, over]);
  await host.process.end('SIGKILL');
  await over;
  t.ok(count >= killAfter, `${count} of ${deploys} were acknowledged`);
}

/** What was acknowledged is there and serves; what was not is there as a whole or not at all. */
export async function checkAcknowledged(
  t: Test,
  host: Awaited<ReturnType<typeof startHostProcess>>,
  known: Acknowledged,
): Promise<void> {
  const live = new Map(
    (await host.functions()).map(({ name, live: { version } }) => [name, version]),
  );
  for (const [name, version] of known.versions) {
    const now = live.get(name);
    if (now === undefined && known.deleting.has(name)) known.versions.delete(name);
    else t.ok(now !== undefined && now >= version, `${name}: ${now} after ${version}`);
  }
  known.deleting.clear();
  for (const name of live.keys()) t.equal((await host.call(`/${name}/`)).status, 200, name);
  // Nothing is under way yet in this host.
  t.same(await readdir(join(host.dataDir, 'scratch')), [], 'nothing is half-written');
  const artifacts = await readdir(join(host.dataDir, 'artifacts'));
  const used = new Set((await host.functions()).map((record) => record.live.artifact));
  for (const digest of used) t.ok(artifacts.includes(digest.slice('sha256:'.length)));
}
