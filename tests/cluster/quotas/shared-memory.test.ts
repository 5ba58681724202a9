import t from 'tap';
import { HostBudget } from '../../../host/limits/host-budget.ts';
import { MEMORY_KEY } from '../../../host/limits/quotas/quota-keys.ts';
import { SimHost } from './quota-simulation.ts';
import { createTestSnapshot } from './test-snapshot.ts';

const MIB = 2 ** 20;
const TOTAL = 1024 * MIB;

/** A host with the budget of each worker. */
class MemoryHost extends SimHost {
  readonly budgets: HostBudget[] = [];

  constructor(workers: number) {
    super(8, createTestSnapshot({}).snapshot, TOTAL);
    for (let index = 0; index < workers; index += 1) this.addBudget();
  }

  addBudget(): HostBudget {
    const lease = this.addWorker().client.openMemory(TOTAL);
    const { clock } = this;
    const budget = new HostBudget({ memoryBytes: TOTAL, mappings: 1000, clock, lease });
    this.budgets.push(budget);
    return budget;
  }

  get usedBytes(): number {
    return this.budgets.reduce((sum, { usedBytes }) => sum + usedBytes, 0);
  }

  /** Takes memory as an instance does that is made: asks for room first. Gives what was had. */
  async take(index: number, bytes: number): Promise<boolean> {
    const budget = this.budgets[index];
    const room = budget?.reserve(bytes);
    if (room !== undefined) {
      await this.clock.run(55);
      await room;
    }
    return budget?.charge(bytes, 0) === undefined;
  }
}

t.test('a worker has some memory ahead, so that growth is answered at once', async (t) => {
  const host = new MemoryHost(2);
  await host.clock.run(5);
  const [budget] = host.budgets;
  t.equal(budget?.limitBytes, 64 * MIB);
  for (let step = 0; step < 50; step += 1) {
    t.equal(budget?.charge(16 * MIB, 0), undefined, `step ${step}`);
    await host.clock.run(1);
  }
});

t.test(
  'one busy worker can use nearly all, and all together never more than there is',
  async (t) => {
    const host = new MemoryHost(4);
    await host.clock.run(5);
    let had = 0;
    while (await host.take(0, 8 * MIB)) had += 8 * MIB;
    t.ok(had >= TOTAL * 0.95, `${had / MIB} MiB of ${TOTAL / MIB}`);
    t.ok(host.usedBytes <= TOTAL);
    t.notOk(await host.take(1, 64 * MIB), 'the others get nothing any more');
    host.budgets[0]?.release(had / 2, 0);
    await host.clock.run(1100);
    let other = 0;
    while (await host.take(1, 8 * MIB)) other += 8 * MIB;
    t.ok(host.usedBytes >= TOTAL * 0.95, `${host.usedBytes / MIB} MiB are used`);
    t.ok(host.usedBytes <= TOTAL);
    t.ok(other > 0.4 * TOTAL);
  },
);

t.test('idle instances of one worker are closed for another', async (t) => {
  const host = new MemoryHost(2);
  await host.clock.run(5);
  while (await host.take(0, 16 * MIB));
  const [busy] = host.budgets;
  let idle = busy?.usedBytes ?? 0;
  let closed = 0;
  busy?.addReclaimer(() => {
    closed += 1;
    busy.close(idle, 0, 0);
    idle = 0;
  });
  t.ok(await host.take(1, 200 * MIB));
  t.equal(closed, 1);
});

t.test('workers that lack memory do not take it from each other again and again', async (t) => {
  const host = new MemoryHost(2);
  await host.clock.run(5);
  while (await host.take(0, 16 * MIB));
  while (await host.take(1, 16 * MIB));
  const before = host.messages;
  for (let step = 0; step < 20; step += 1) {
    host.budgets[step % 2]?.charge(64 * MIB, 0);
    await host.clock.run(100);
  }
  t.ok(host.messages - before < 200, `${host.messages - before} messages in 2 s`);
});

t.test('what a worker had is free when it is gone', async (t) => {
  const host = new MemoryHost(2);
  await host.clock.run(5);
  while (await host.take(0, 16 * MIB));
  const [worker] = host.workers;
  if (worker !== undefined) host.killWorker(worker);
  t.ok(await host.take(1, 900 * MIB));
  t.ok((host.authority?.describe(MEMORY_KEY)?.held ?? 0) <= 256);
});
