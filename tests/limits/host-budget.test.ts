import t from 'tap';
import { HostBudget } from '../../host/limits/host-budget.ts';
import { MemoryAccount, PAGE_BYTES } from '../../host/limits/memory-account.ts';
import { readMachineLimits } from '../../host/limits/machine-limits.ts';
import { ManualClock } from '../wasi/manual-clock.ts';

const PAGES = (count: number): number => count * PAGE_BYTES;

function open(options: Partial<ConstructorParameters<typeof HostBudget>[0]> = {}): HostBudget {
  return new HostBudget({
    memoryBytes: PAGES(10),
    mappings: 100,
    clock: new ManualClock(),
    ...options,
  });
}

t.test('charge() takes what fits, and nothing of what does not', (t) => {
  const budget = open();
  t.equal(budget.charge(PAGES(9), 2), undefined);
  t.equal(budget.charge(PAGES(2), 2), 'memory');
  t.equal(budget.charge(PAGES(1), 99), 'mappings');
  t.same([budget.usedBytes, budget.usedMappings], [PAGES(9), 2]);
  t.equal(budget.charge(PAGES(1), 98), undefined, 'all of it can be used');
  budget.release(PAGES(10), 100);
  t.same([budget.usedBytes, budget.usedMappings], [0, 0]);
  t.end();
});

t.test('what the machine has left counts, looked at every 250 ms', (t) => {
  const clock = new ManualClock();
  let looks = 0;
  let available = PAGES(6);
  const availableBytes = (): number => {
    looks += 1;
    return available;
  };
  const budget = open({ clock, availableBytes, reserveBytes: PAGES(2) });
  t.equal(budget.charge(PAGES(1), 0), undefined);
  t.equal(budget.charge(PAGES(1), 0), undefined);
  t.equal(looks, 1);
  t.equal(budget.charge(PAGES(3), 0), 'memory', 'what was charged since the look counts');
  t.equal(budget.charge(0, 5), undefined, 'mappings cost no memory');
  available = PAGES(5);
  clock.advance(10);
  t.equal(budget.charge(PAGES(3), 0), undefined, 'a look that is 10 ms old refuses nothing');
  t.equal(looks, 2);
  available = 0;
  clock.advance(250);
  t.equal(budget.charge(1, 0), 'memory');
  t.equal(looks, 3);
  t.end();
});

t.test('idle instances are closed before anybody is refused', (t) => {
  const budget = open();
  const idle = Array.from({ length: 3 }, () => new MemoryAccount(PAGES(9), budget));
  for (const account of idle) t.ok(account.openMemory(3));
  const reclaimed: string[] = [];
  const stop = budget.addReclaimer(() => reclaimed.push('nothing'));
  budget.addReclaimer(() => {
    reclaimed.push('one');
    idle.pop()?.close();
    t.equal(budget.charge(PAGES(10), 0), 'memory', 'and that does not ask for more');
  });
  budget.addReclaimer(() => reclaimed.push('not needed'));
  const account = new MemoryAccount(PAGES(9), budget);
  t.ok(account.openMemory(4));
  t.same(reclaimed, ['nothing', 'one']);
  t.equal(account.refusal, undefined);
  stop();
  t.ok(account.charge(3));
  t.same(reclaimed, ['nothing', 'one', 'one'], 'growth asks as well');
  t.end();
});

t.test('an account tells who refused it', (t) => {
  const budget = open();
  const account = new MemoryAccount(PAGES(8), budget);
  t.ok(account.openMemory(5));
  t.same([budget.usedBytes, budget.usedMappings], [PAGES(5), 2]);
  t.notOk(account.charge(4));
  t.equal(account.refusal, 'version');
  const other = new MemoryAccount(PAGES(8), budget);
  t.ok(other.openMemory(4));
  t.notOk(account.charge(2));
  t.same([account.refusal, account.lacking, account.refused], ['host', 'memory', true]);
  t.equal(account.bytes, PAGES(5));
  account.forgetRefusal();
  t.notOk(account.refused);
  account.refund(5);
  t.equal(budget.usedBytes, PAGES(4));
  t.end();
});

t.test('tables count 16 bytes an entry: for the host all, for the version what is unusual', (t) => {
  const budget = open({ memoryBytes: PAGES(1000) });
  const account = new MemoryAccount(PAGES(2), budget);
  t.ok(account.openMemory(2), 'the version has no memory left');
  t.ok(account.chargeTable(65_536));
  t.equal(budget.usedBytes, PAGES(2) + 1024 * 1024);
  t.notOk(account.chargeTable(1));
  t.equal(account.refusal, 'version');
  t.equal(account.bytes, PAGES(2));
  account.refundTable(65_536);
  t.equal(budget.usedBytes, PAGES(2));
  const roomy = new MemoryAccount(PAGES(2), budget);
  t.ok(roomy.openMemory(1));
  t.ok(roomy.chargeTable(65_536 + 4096), 'a page of them');
  t.notOk(roomy.chargeTable(1));
  t.notOk(roomy.charge(1), 'tables and memories have one limit');
  t.notOk(roomy.chargeTable(0xffff_ffff), 'as many as there can be');
  t.end();
});

t.test('calls take mappings while they last', (t) => {
  const budget = open({ mappings: 8 });
  const account = new MemoryAccount(PAGES(2), budget);
  t.ok(account.openMemory(1));
  t.ok(account.beginCall());
  t.ok(account.beginCall());
  t.notOk(account.beginCall());
  t.same([account.refusal, account.lacking], ['host', 'mappings']);
  account.endCall();
  t.ok(account.beginCall());
  account.close();
  t.equal(budget.usedMappings, 0);
  account.endCall();
  t.equal(budget.usedMappings, 0, 'what ends later has been given back');
  t.end();
});

t.test('a closed account charges nothing, and gives back once', (t) => {
  const budget = open();
  const account = new MemoryAccount(PAGES(8), budget);
  t.ok(account.openMemory(5));
  account.close();
  account.close();
  account.refund(1);
  account.refundTable(1);
  t.same([budget.usedBytes, budget.usedMappings], [0, 0]);
  t.notOk(account.charge(1));
  t.notOk(account.openMemory(1));
  t.notOk(account.chargeTable(1));
  t.notOk(account.beginCall());
  t.same([budget.usedBytes, budget.usedMappings], [0, 0]);
  t.end();
});

t.test('100,000 random operations on 50 accounts leave what the accounts have', (t) => {
  const budget = open({ memoryBytes: PAGES(400), mappings: 300 });
  const random = createRandom(7);
  const below = (limit: number): number => Math.floor(random() * limit);
  const wanted = { refusedByHost: 0, refusedByVersion: 0, closed: 0 };
  /** What each account should have. */
  interface Model {
    account: MemoryAccount;
    pages: number;
    entries: number;
    mappings: number;
    calls: number;
  }
  const create = (): Model => ({
    account: new MemoryAccount(PAGES(16), budget),
    pages: 0,
    entries: 0,
    mappings: 0,
    calls: 0,
  });
  const models = Array.from({ length: 50 }, create);
  const noteRefusal = ({ account }: Model): void => {
    if (account.refusal === 'host') wanted.refusedByHost += 1;
    else wanted.refusedByVersion += 1;
  };
  const operations: readonly ((model: Model) => void)[] = [
    (model) => {
      const pages = below(6);
      if (!model.account.openMemory(pages)) return noteRefusal(model);
      model.pages += pages;
      model.mappings += 2;
    },
    (model) => {
      const pages = below(6);
      if (!model.account.charge(pages)) return noteRefusal(model);
      model.pages += pages;
    },
    (model) => {
      const entries = below(40_000);
      if (!model.account.chargeTable(entries)) return noteRefusal(model);
      model.entries += entries;
    },
    (model) => {
      if (!model.account.beginCall()) return noteRefusal(model);
      model.calls += 1;
    },
    (model) => {
      if (model.calls === 0) return;
      model.account.endCall();
      model.calls -= 1;
    },
    (model) => {
      const pages = below(model.pages + 1);
      model.account.refund(pages);
      model.pages -= pages;
    },
    (model) => {
      if (below(4) > 0) return;
      wanted.closed += 1;
      model.account.close();
      if (below(2) === 0) model.account.close();
      Object.assign(model, create());
    },
  ];
  for (let index = 0; index < 100_000; index += 1) {
    const model = models[below(models.length)];
    const operation = operations[below(operations.length)];
    if (model === undefined || operation === undefined) throw new Error('out of range');
    operation(model);
    if (index % 1000 !== 0) continue;
    const bytes = models.reduce((sum, { pages, entries }) => sum + PAGES(pages) + entries * 16, 0);
    const mappings = models.reduce((sum, each) => sum + each.mappings + each.calls * 3, 0);
    t.same([budget.usedBytes, budget.usedMappings], [bytes, mappings]);
    t.ok(budget.usedBytes <= budget.limitBytes && budget.usedMappings <= budget.limitMappings);
  }
  t.ok(wanted.refusedByHost > 100 && wanted.refusedByVersion > 100 && wanted.closed > 100);
  for (const { account } of models) account.close();
  t.same([budget.usedBytes, budget.usedMappings], [0, 0]);
  t.end();
});

t.test('readMachineLimits() reads what Linux tells', (t) => {
  const files: Record<string, string> = {
    '/proc/sys/vm/max_map_count': '65530\n',
    '/proc/meminfo': 'MemTotal:  8000 kB\nMemAvailable:    6000 kB\n',
  };
  const limits = readMachineLimits((path) => files[path], 8000 * 1024);
  t.match(limits, { memoryBytes: 4_096_000, mappings: 49_147, reserveBytes: 409_600 });
  t.equal(limits.availableBytes?.(), 6_144_000);
  files['/proc/meminfo'] = 'MemAvailable: 1 kB\n';
  t.equal(limits.availableBytes?.(), 1024, 'it is read anew');
  t.end();
});

t.test('readMachineLimits() does without where a system tells nothing', (t) => {
  const limits = readMachineLimits(() => undefined, 2 ** 30);
  t.same(limits, { memoryBytes: 2 ** 29, mappings: 1_000_000, reserveBytes: 53_687_091 });
  t.end();
});

t.test('readMachineLimits() of this machine is something to work with', (t) => {
  const { memoryBytes, mappings, availableBytes } = readMachineLimits();
  t.ok(memoryBytes > 2 ** 26);
  t.ok(mappings > 1000);
  if (process.platform === 'linux') t.ok((availableBytes?.() ?? 0) > 0);
  t.end();
});

/** Numbers from 0 to 1, the same for the same seed (a linear congruential generator). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
