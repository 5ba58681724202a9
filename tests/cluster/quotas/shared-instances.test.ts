import t, { type Test } from 'tap';
import { QuotaAuthority } from '../../../host/cluster/quotas/quota-authority.ts';
import type { InstanceLease, VersionInstances } from '../../../host/instances/version-instances.ts';
import { HostBudget } from '../../../host/limits/host-budget.ts';
import { PAGE_BYTES } from '../../../host/limits/memory-account.ts';
import { QuotaClient } from '../../../host/limits/quotas/quota-client.ts';
import {
  createGuestParts,
  createVersion,
  FakeHost,
  type FakeSettings,
} from '../../instances/fake-host.ts';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FunctionName } from '../../../host/base/ids.ts';
import type { RouteSnapshot } from '../../../host/registry/model.ts';

interface Workers {
  readonly authority: QuotaAuthority;
  readonly hosts: FakeHost[];
  readonly instances: VersionInstances[];
}

/** Two workers with instances of one version, and messages that arrive in the next turn. */
function open(t: Test, settings: FakeSettings): Workers {
  const version = createVersion(settings);
  const functions = new Map([[version.function, { name: version.function, live: version }]]);
  const snapshot = { epoch: 1, functions } as unknown as RouteSnapshot;
  const hosts = [new FakeHost(), new FakeHost()];
  const [{ clock } = new FakeHost()] = hosts;
  const authority = new QuotaAuthority({ clock, memoryBytes: 2 ** 30, workers: 2, expected: [] });
  authority.follow(snapshot);
  const instances = hosts.map((host, index) => {
    const quotas = new QuotaClient({ clock: host.clock, soon: setImmediate });
    t.teardown(() => quotas.close());
    const session = authority.connect(`worker-${index}`, (messages) =>
      setImmediate(() => quotas.receive(messages)),
    );
    quotas.connect((messages) => setImmediate(() => session.receive(messages)));
    return host.open(settings, { quotas });
  });
  return { authority, hosts, instances };
}

/** Enough turns for a few messages. */
async function settle({ hosts }: Workers): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) {
    for (const host of hosts) host.runIdleWork();
    await nextTurn();
  }
}

async function take(instances: VersionInstances | undefined): Promise<InstanceLease> {
  if (instances === undefined) throw new Error('no worker');
  return await instances.acquire(createGuestParts(), () => undefined);
}

function count({ hosts }: Workers): number[] {
  return hosts.map(({ live }) => live.size);
}

t.test('instances are bounded over all workers', async (t) => {
  const settings = {
    isolation: 'reuse',
    limits: { concurrency: 4 },
    instances: { max: 4 },
  } as const;
  const workers = open(t, settings);
  const [first, second] = workers.instances;
  const leases = [await take(first), await take(first), await take(first)];
  await settle(workers);
  for (const lease of leases) lease.release(true);
  await settle(workers);
  t.same(count(workers), [3, 0], 'they are kept');
  const others = [await take(second), await take(second), await take(second)];
  await settle(workers);
  const [here = 0, there = 0] = count(workers);
  t.ok(there >= 3 && here + there <= 4, `${here} and ${there}`);
  t.ok((workers.hosts[0]?.evictions.pressure ?? 0) >= 2, 'idle ones made room');
  for (const lease of others) lease.release(true);
  for (const each of workers.instances) each.close();
  await settle(workers);
  t.same(count(workers), [0, 0]);
  const key = `instances:default/app/1/0` as FunctionName;
  t.equal(workers.authority.describe(key), undefined, 'all was given back');
});

t.test('a worker whose supervisor is gone makes the instances it needs', async (t) => {
  const settings = { limits: { concurrency: 2 }, instances: { max: 2 } };
  const host = new FakeHost();
  const quotas = new QuotaClient({ clock: host.clock, soon: setImmediate });
  t.teardown(() => quotas.close());
  const instances = host.open(settings, { quotas });
  const lease = await take(instances);
  t.equal(host.live.size, 1);
  lease.release(true);
  instances.close();
  host.runIdleWork();
  t.equal(host.live.size, 0);
});

t.test(
  'memory for the first instances of a large module is lent before they are made',
  async (t) => {
    const host = new FakeHost();
    host.pages = (200 * 2 ** 20) / PAGE_BYTES;
    const memoryBytes = 1100 * 2 ** 20;
    const { clock } = host;
    const authority = new QuotaAuthority({ clock, memoryBytes, workers: 1, expected: [] });
    const quotas = new QuotaClient({ clock, soon: setImmediate });
    t.teardown(() => quotas.close());
    const session = authority.connect('worker-1', (messages) =>
      setImmediate(() => quotas.receive(messages)),
    );
    quotas.connect((messages) => setImmediate(() => session.receive(messages)));
    const lease = quotas.openMemory(memoryBytes);
    const budget = new HostBudget({ memoryBytes, mappings: 1000, clock, lease });
    const settings = { limits: { concurrency: 6, memoryBytes: 300 * 2 ** 20 } };
    const version = createVersion(settings);
    const functions = new Map([[version.function, { name: version.function, live: version }]]);
    authority.follow({ epoch: 1, functions } as unknown as RouteSnapshot);
    const instances = host.open(settings, { quotas, budget });
    const calls = Array.from({ length: 6 }, () => take(instances).catch((error: unknown) => error));
    for (let turn = 0; turn < 200; turn += 1) await nextTurn();
    const refused = (await Promise.all(calls)).filter((one) => one instanceof Error);
    t.equal(host.live.size, 5, 'all for which there is room');
    t.equal(refused.length, 1);
    instances.close();
  },
);

t.test('the fewest instances are divided among the workers, and move with them', async (t) => {
  const workers = open(t, { limits: { concurrency: 8 }, instances: { min: 5, max: 8 } });
  const { authority, hosts } = workers;
  for (const each of workers.instances) each.provision();
  await settle(workers);
  t.same(count(workers), [3, 2], 'five in all');
  t.same(
    hosts.map(({ wanted }) => wanted),
    [0, 0],
    'figures are made once a second',
  );
  for (const { clock } of hosts) clock.advance(1000);
  t.same(
    hosts.map(({ wanted }) => wanted),
    [3, 2],
  );
  // A third one comes, in the place of the first, which is drained.
  const [client, host] = [new FakeHost(), new FakeHost()];
  const quotas = new QuotaClient({ clock: host.clock, soon: setImmediate });
  t.teardown(() => quotas.close());
  const session = authority.connect('worker-2', (messages) =>
    setImmediate(() => quotas.receive(messages)),
  );
  quotas.connect((messages) => setImmediate(() => session.receive(messages)));
  await settle(workers);
  const third = client.open({ instances: { min: 5, max: 8 } }, { quotas });
  third.provision();
  const all = { ...workers, hosts: [...hosts, client] };
  await settle(all);
  t.same(count(all), [3, 2, 0], 'one more than there should be has no part');
  authority.retire('worker-0');
  workers.instances[0]?.close();
  await settle(all);
  t.same(count(all), [0, 2, 3]);
  t.equal(quotas.portionOf(5), 3);
  t.equal(quotas.portionOf(0), 0);
  third.close();
  workers.instances[1]?.close();
});
