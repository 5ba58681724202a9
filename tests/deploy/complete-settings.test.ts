import t from 'tap';
import { DEFAULT_NAMESPACE, digestOf, parseFunctionName } from '../../host/base/ids.ts';
import { configSchema } from '../../host/config/schema.ts';
import { completeReuse, completeSettings } from '../../host/deploy/complete-settings.ts';
import type { DeployRequest } from '../../host/deploy/deployer.ts';
import type { VersionSettings } from '../../host/registry/model.ts';

const { defaults } = configSchema.parse({
  dataDir: '/d',
  defaults: { timeoutMs: 10_000, cpuMs: 2000, concurrency: 16 },
});

function complete(asked: Partial<DeployRequest>): VersionSettings {
  const request: DeployRequest = {
    namespace: DEFAULT_NAMESPACE,
    function: parseFunctionName('app'),
    artifact: digestOf(new Uint8Array()),
    limits: {},
    isolation: 'request',
    environment: [],
    allowedHosts: [],
    directories: [],
    files: [],
    routes: [],
    ...asked,
  };
  return completeSettings(request, defaults);
}

t.test('what is not asked for is the default of the host', (t) => {
  const { limits, instances, budget, serverTiming } = complete({});
  t.match(limits, { timeoutMs: 10_000, cpuMs: 2000, concurrency: 16, memoryBytes: 2 ** 27 });
  t.match(instances, { min: 0, max: 16, idleTimeoutMs: 30_000, snapshot: 'auto' });
  t.same([budget, serverTiming], [{}, false]);
  t.end();
});

t.test('a default gives way to what was asked for', (t) => {
  t.equal(complete({ limits: { timeoutMs: 500 } }).limits.cpuMs, 500);
  t.equal(complete({ limits: { timeoutMs: 60_000 } }).limits.cpuMs, 2000);
  t.equal(complete({ limits: { cpuMs: 10_000 } }).limits.cpuMs, 10_000);
  t.equal(complete({ instances: { max: 4 } }).limits.concurrency, 4);
  t.equal(complete({ limits: { concurrency: 100 } }).instances.max, 100);
  t.equal(complete({ instances: { min: 50 } }).instances.max, 50);
  const both = complete({ limits: { concurrency: 2 }, instances: { min: 3, max: 5 } });
  t.match(both, { limits: { concurrency: 2 }, instances: { min: 3, max: 5 } });
  t.end();
});

t.test('settings that contradict each other are refused', (t) => {
  const cases: readonly (readonly [asked: Partial<DeployRequest>, message: RegExp])[] = [
    [{ limits: { cpuMs: 10_001 } }, /"limits.cpuMs": it is more than the timeout, 10000 ms/],
    [{ limits: { cpuMs: 501, timeoutMs: 500 } }, /"limits.cpuMs"/],
    [
      { limits: { concurrency: 5 }, instances: { max: 4 } },
      /"instances.max": it is less than the concurrency, 5/,
    ],
    [{ instances: { min: 5, max: 4 } }, /"instances.min": it is more than the maximum, 4/],
  ];
  for (const [asked, message] of cases) {
    t.throws(() => complete(asked), { code: 'invalid_settings', message });
  }
  t.end();
});

t.test('how often instances are used depends on how many calls one takes', (t) => {
  const reuse = (asked: DeployRequest['instances'], takesSeveral: boolean): object => {
    const settings = complete({ isolation: 'reuse', instances: asked ?? {} });
    const { instances } = completeReuse(settings, asked ?? {}, takesSeveral);
    return [instances.reuseCount, instances.concurrentReuseCount, instances.max];
  };
  t.same(reuse({}, true), [128, 16, 16], 'as Spin and wasmtime have it');
  t.same(reuse({ reuseCount: 9, max: 40 }, true), [9, 16, 40]);
  t.same(reuse({ concurrentReuseCount: 1 }, true), [128, 1, 16]);
  t.same(reuse({}, false), [10_000, 1, 16]);
  t.throws(() => reuse({ concurrentReuseCount: 2 }, false), {
    code: 'concurrent_reuse_needs_async',
  });
  t.throws(() => complete({ instances: { concurrentReuseCount: 2 } }), {
    code: 'invalid_settings',
  });
  const fresh = complete({});
  t.equal(completeReuse(fresh, {}, true), fresh, 'nothing is shared without isolation "reuse"');
  t.end();
});
