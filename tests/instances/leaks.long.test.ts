/**
 * Fifty thousand invocations that end in every way there is: afterwards nothing is left of them. Heap, buffers,
 * resident memory and open handles are compared with what they were after the first few thousand, when
 * everything that is made once is there.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import root from 'tap';
import { systemClock } from '../../host/base/clock.ts';
import { parseAllowList } from '../../host/invoke/outbound/allow-list.ts';
import { OutboundClient } from '../../host/invoke/outbound/outbound-client.ts';
import { OutboundNetwork } from '../../host/invoke/outbound/outbound-network.ts';
import { HostBudget } from '../../host/limits/host-budget.ts';
import { silentObserver, type InstanceState } from '../../host/metrics/observer.ts';
import type { FunctionRecord } from '../../host/registry/model.ts';
import { example, misbehave } from '../guests/guests.ts';
import { openHarness, type CallOptions } from '../invoke/harness.ts';

const WARM_UP = 5000;
const INVOCATIONS = 50_000;
const AT_ONCE = 24;
const MIB = 2 ** 20;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What is compared. */
interface Held {
  readonly heapBytes: number;
  readonly bufferBytes: number;
  readonly residentBytes: number;
  readonly handles: string;
}

/** Collects garbage until that changes little, and looks at what is left. */
async function look(): Promise<Held> {
  for (let round = 0; round < 6; round += 1) {
    collect();
    await wait(50);
  }
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  const handles = process.getActiveResourcesInfo().filter((name) => name !== 'Timeout');
  return {
    heapBytes: heapUsed,
    bufferBytes: arrayBuffers,
    residentBytes: rss,
    handles: handles.sort().join(),
  };
}

/** One kind of invocation, and the outcomes it may have. */
interface Kind {
  readonly share: number;
  readonly record: FunctionRecord;
  readonly path: string;
  readonly outcomes: readonly string[];
  readonly options?: () => CallOptions;
}

root.test(
  'fifty thousand mixed invocations leave nothing behind',
  { timeout: 600_000 },
  async (t) => {
    const server = createServer((_request, response) => response.end('from outside'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const origin = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const outgoing = new OutboundClient(
      parseAllowList([origin]),
      new OutboundNetwork({ clock: systemClock }),
    );
    const budget = new HostBudget({ memoryBytes: 2 ** 33, mappings: 60_000, clock: systemClock });
    const states: Record<InstanceState, number> = { running: 0, idle: 0, warm: 0 };
    const observer = {
      ...silentObserver,
      instances: (_name: string, state: InstanceState, change: number) =>
        void (states[state] += change),
    };
    const host = await openHarness(t, { observer, budget, outgoingHttp: outgoing });
    const limits = { timeoutMs: 30, cpuMs: 5, memoryBytes: 8 * MIB, concurrency: AT_ONCE };
    const instances = { idleTimeoutMs: 300 };
    const patient = { ...limits, timeoutMs: 20_000, cpuMs: 10_000 };
    const hello = await host.deploy('hello', example('hello-rust'), { limits: patient, instances });
    const kept = await host.deploy('kept', misbehave(), {
      isolation: 'reuse',
      limits: patient,
      instances: { ...instances, reuseCount: 100 },
    });
    const bad = await host.deploy('bad', misbehave(), { limits: patient, instances });
    const hasty = await host.deploy('hasty', misbehave(), { limits, instances });
    // A test has one directory, and every host wants its own.
    const jco = await openHarness(root, { engine: 'jco', observer, budget });
    const slow = await jco.deploy('slow', misbehave(), { limits: patient, instances });
    const body = (): CallOptions => ({ method: 'POST', body: 'x'.repeat(20_000) });
    const leaving = (): CallOptions => {
      const client = new AbortController();
      setImmediate(() => client.abort());
      return { signal: client.signal };
    };
    const url = encodeURIComponent(`http://${origin}/`);
    const kinds: readonly Kind[] = [
      { share: 400, record: hello, path: '/', outcomes: ['ok'] },
      { share: 150, record: kept, path: '/state', outcomes: ['ok'] },
      { share: 100, record: bad, path: '/state', outcomes: ['ok'] },
      { share: 60, record: bad, path: '/huge?bytes=100000', outcomes: ['ok'] },
      { share: 60, record: bad, path: '/echo-splice', outcomes: ['ok'], options: body },
      { share: 40, record: bad, path: `/fetch?url=${url}`, outcomes: ['ok'] },
      { share: 40, record: kept, path: `/fetch?url=${url}`, outcomes: ['ok'] },
      { share: 30, record: bad, path: '/unreachable', outcomes: ['trap'] },
      { share: 20, record: kept, path: '/panic', outcomes: ['trap'] },
      { share: 20, record: bad, path: '/exit?code=0', outcomes: ['guest_error'] },
      { share: 20, record: bad, path: '/drop-body', outcomes: ['guest_error'] },
      { share: 20, record: bad, path: '/grow?mib=4', outcomes: ['ok'] },
      { share: 20, record: bad, path: '/grow?mib=64', outcomes: ['memory_limit'] },
      { share: 20, record: bad, path: '/sleep-forever', outcomes: ['cancelled'], options: leaving },
      {
        share: 10,
        record: bad,
        path: `/fetch?url=${url}`,
        outcomes: ['ok', 'cancelled'],
        options: leaving,
      },
      { share: 10, record: hasty, path: '/sleep-forever', outcomes: ['timeout'] },
      { share: 4, record: hasty, path: '/spin', outcomes: ['cpu_limit', 'timeout'] },
      { share: 6, record: slow, path: '/state', outcomes: ['ok'] },
    ];
    const plan = kinds.flatMap((kind) => Array.from({ length: kind.share }, () => kind));
    let wrong = 0;
    let started = 0;

    const invoke = async (until: number): Promise<void> => {
      while (started < until) {
        // A step that has no factor in common with the number of kinds goes through all of them.
        const kind = plan[(started * 617) % plan.length];
        started += 1;
        if (kind === undefined) return;
        const harness = kind.record === slow ? jco : host;
        const { result } = await harness.call(kind.record, kind.path, kind.options?.() ?? {});
        if (kind.outcomes.includes(result.outcome)) continue;
        wrong += 1;
        if (wrong < 10) t.fail(`${kind.path}: ${result.outcome}, ${result.error?.message}`);
      }
    };
    const connections = async (): Promise<number> =>
      await new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
    const run = async (until: number): Promise<void> => {
      await Promise.all(Array.from({ length: AT_ONCE }, () => invoke(until)));
      // Idle instances are closed after their time; what is not is a leak and the time-out of this test.
      while (states.idle + states.warm > 0) await wait(50);
      // Connections that are kept for the next request are no leak either.
      while ((await connections()) > 0) {
        server.closeIdleConnections();
        await wait(50);
      }
    };

    await run(WARM_UP);
    const before = await look();
    await run(WARM_UP + INVOCATIONS);
    const after = await look();
    t.comment(JSON.stringify({ before, after }));
    t.equal(wrong, 0);
    t.same(states, { running: 0, idle: 0, warm: 0 });
    t.equal(budget.usedBytes, 0);
    t.equal(budget.usedMappings, 0);
    t.equal(after.handles, before.handles);
    t.ok(after.heapBytes - before.heapBytes < 3 * MIB, 'heap');
    t.ok(after.bufferBytes - before.bufferBytes < MIB, 'buffers');
    t.ok(after.residentBytes - before.residentBytes < 48 * MIB, 'resident memory');
    outgoing.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  },
);
