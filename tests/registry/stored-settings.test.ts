import t from 'tap';
import { configSchema } from '../../host/config/schema.ts';
import { completeSettings } from '../../host/deploy/complete-settings.ts';
import { DEFAULT_NAMESPACE, digestOf, parseFunctionName } from '../../host/base/ids.ts';
import { formatSettings, parseSettings } from '../../host/registry/stored-settings.ts';

/** What the first release stored. */
const FIRST_RELEASE = JSON.stringify({
  allowedHosts: ['a.example'],
  directories: [],
  environment: [['A', 'b']],
  files: [],
  isolation: 'reuse',
  limits: {
    concurrency: 8,
    logBytes: 65_536,
    memoryBytes: 134_217_728,
    queue: 256,
    requestBodyBytes: 67_108_864,
    responseBodyBytes: 1_073_741_824,
    timeoutMs: 30_000,
  },
});

t.test('settings of the first release load with what came later', (t) => {
  const settings = parseSettings(FIRST_RELEASE);
  t.same(settings.instances, {
    min: 0,
    max: 8,
    reuseCount: 10_000,
    concurrentReuseCount: 1,
    maxAgeMs: 3_600_000,
    idleTimeoutMs: 30_000,
    snapshot: 'auto',
  });
  t.equal(settings.limits.cpuMs, 5000);
  t.equal(settings.limits.timeoutMs, 30_000);
  t.same([settings.budget, settings.serverTiming], [{}, false]);
  t.same([settings.isolation, settings.environment], ['reuse', [['A', 'b']]]);
  const short = JSON.parse(FIRST_RELEASE) as { limits: { timeoutMs: number } };
  short.limits.timeoutMs = 1000;
  t.equal(parseSettings(JSON.stringify(short)).limits.cpuMs, 1000, 'never more than the time-out');
  t.end();
});

t.test('they are those of a deployment of today that names none of it', (t) => {
  const { defaults } = configSchema.parse({ dataDir: '/d' });
  const today = completeSettings(
    {
      namespace: DEFAULT_NAMESPACE,
      function: parseFunctionName('app'),
      artifact: digestOf(new Uint8Array()),
      limits: { concurrency: 8 },
      isolation: 'reuse',
      environment: [['A', 'b']],
      allowedHosts: ['a.example'],
      directories: [],
      files: [],
      routes: [],
    },
    defaults,
  );
  t.equal(formatSettings(parseSettings(FIRST_RELEASE)), formatSettings(today));
  t.same(parseSettings(formatSettings(today)), today);
  t.end();
});
