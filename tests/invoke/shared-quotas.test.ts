import t from 'tap';
import { systemClock } from '../../host/base/clock.ts';
import { createRequestId } from '../../host/base/ids.ts';
import { QuotaAuthority } from '../../host/cluster/quotas/quota-authority.ts';
import { FunctionInvoker, type FunctionInvokerParts } from '../../host/invoke/function-invoker.ts';
import { SignalCaller } from '../../host/invoke/signal-caller.ts';
import type { VersionRuntimeParts } from '../../host/invoke/version-runtime.ts';
import { QuotaClient } from '../../host/limits/quotas/quota-client.ts';
import { versionKeyOf } from '../../host/limits/quotas/quota-keys.ts';
import type { InvocationResult } from '../../host/invoke/invoker.ts';
import { silentLog } from '../../host/logs/log.ts';
import { silentObserver } from '../../host/metrics/observer.ts';
import type { FunctionRecord } from '../../host/registry/model.ts';
import type { HttpResponder, IncomingHttpRequest } from '../../host/wasi/ports.ts';
import { createTestSnapshot, type TestLimits } from '../cluster/quotas/test-snapshot.ts';

/** Two workers: one with an invoker whose guests nobody gets to, one that takes what it likes. */
function open(limits: TestLimits) {
  const { snapshot, live } = createTestSnapshot(limits);
  const clock = systemClock;
  const authority = new QuotaAuthority({ clock, memoryBytes: 2 ** 30, workers: 2, expected: [] });
  authority.follow(snapshot);
  const [own, other] = ['worker-1', 'worker-2'].map((name) => {
    const client = new QuotaClient({ clock, soon: setImmediate });
    t.teardown(() => client.close());
    const session = authority.connect(name, (messages) =>
      setImmediate(() => client.receive(messages)),
    );
    client.connect((messages) => setImmediate(() => session.receive(messages)));
    return client;
  });
  if (own === undefined || other === undefined) throw new Error('no workers');
  const exceeded: string[] = [];
  let queued = 0;
  const observer: FunctionInvokerParts['observer'] = {
    ...silentObserver,
    limitExceeded: (_name, limit) => void exceeded.push(limit),
    queue: (_name, change) => void (queued += change),
  };
  const gate = own.openGate(versionKeyOf(live), live.settings.limits);
  const instances = { gate, provision: () => undefined, close: () => undefined };
  const invoker = new FunctionInvoker({
    clock,
    log: silentLog,
    observer,
    guestLog: { append: () => undefined },
    openRuntime: () => ({ instances, outgoingHttp: {} }) as unknown as VersionRuntimeParts,
    openRate: (key, rateLimits) => own.openRate(key, rateLimits),
  });
  const [record] = snapshot.functions.values();
  const call = (signal = new AbortController().signal): Promise<InvocationResult> =>
    invoker.handle(record as FunctionRecord, {} as IncomingHttpRequest, {} as HttpResponder, {
      requestId: createRequestId(),
      trigger: 'http',
      clientAddress: '::1',
      pathPrefix: '',
      caller: new SignalCaller(signal),
    });
  const otherGate = other.openGate(versionKeyOf(live), live.settings.limits);
  return { call, exceeded, otherGate, other, live, gate, queued: () => queued };
}

t.test('handle() refuses what finds no place in any worker', async (t) => {
  const { call, exceeded, otherGate, queued } = open({ concurrency: 1, queue: 0 });
  t.ok(await otherGate.acquire());
  const { outcome, error, retryAfterSeconds } = await call();
  t.match(
    { outcome, code: error?.code, retryAfterSeconds },
    { outcome: 'overloaded', code: 'overloaded', retryAfterSeconds: 1 },
  );
  t.same(exceeded, ['queue']);
  t.equal(queued(), 0);
});

t.test('handle() lets a client leave the queue that all workers share', async (t) => {
  const { call, otherGate, gate, queued } = open({ concurrency: 1, queue: 1 });
  t.ok(await otherGate.acquire());
  const abort = new AbortController();
  const called = call(abort.signal);
  t.equal(gate.waiting, 1);
  abort.abort();
  t.match(await called, { outcome: 'cancelled' });
  t.same([gate.waiting, queued()], [0, 0]);
});

t.test('handle() answers 429 when all workers together have used up the rate', async (t) => {
  const { call, other, live, exceeded } = open({ budget: { requestsPerSecond: 0.01 } });
  t.equal(await other.openRate('default/app', live.settings.budget).admit(), undefined);
  const { outcome, error, retryAfterSeconds = 0 } = await call();
  t.match({ outcome, code: error?.code }, { outcome: 'overloaded', code: 'rate_limited' });
  t.ok(retryAfterSeconds >= 99 && retryAfterSeconds <= 100, String(retryAfterSeconds));
  t.same(exceeded, ['rate']);
});
