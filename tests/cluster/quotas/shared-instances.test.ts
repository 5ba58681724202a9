import t, { type Test } from 'tap';
import { QuotaAuthority } from '../../../host/cluster/quotas/quota-authority.ts';
import type { InstanceLease, VersionInstances } from '../../../host/instances/version-instances.ts';
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
  const authority = new QuotaAuthority({ clock, memoryBytes: 2 ** 30, expected: [] });
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
