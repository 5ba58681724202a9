import t from 'tap';
import type { VersionNumber } from '../../host/base/ids.ts';
import {
  describeQuarantine,
  FunctionQuarantine,
  type QuarantinedFunction,
} from '../../host/invoke/function-quarantine.ts';
import { NOBODY } from '../../host/limits/running-board.ts';
import { silentObserver, type Observer } from '../../host/metrics/observer.ts';
import type { FunctionRecord } from '../../host/registry/model.ts';
import { example, misbehave } from '../guests/guests.ts';
import { createRecord } from '../traffic/test-records.ts';
import { openHarness, type Harness } from './harness.ts';

function quarantineOf({ name, live }: FunctionRecord): QuarantinedFunction {
  const { number: version, createdMs: versionCreatedMs } = live;
  const reason = 'it stopped a worker from answering 3 times within 10 minutes';
  return { name, version, versionCreatedMs, reason, sinceMs: 1_700_000_000_000 };
}

const outcomes: string[] = [];
let host: Harness;

t.before(async () => {
  const invocation: Observer['invocation'] = ({ function: name, outcome }) => {
    outcomes.push(`${name} ${outcome}`);
  };
  host = await openHarness(t, { observer: { ...silentObserver, invocation } });
});

t.test('handle() refuses a function in quarantine, and no other, until it is lifted', async (t) => {
  const bad = await host.deploy('bad', example('hello-rust'));
  const good = await host.deploy('good', example('hello-rust'));
  t.match((await host.call(bad, '/')).result, { outcome: 'ok' });
  host.quarantine(quarantineOf(bad));
  const refused = await host.call(bad, '/');
  t.match(refused, {
    status: undefined,
    result: { outcome: 'guest_error', error: { code: 'function_quarantined', status: 503 } },
  });
  t.equal(
    refused.result.error?.message,
    'Cannot run the function "bad", which is in quarantine: it stopped a worker from answering 3 times within 10 minutes',
  );
  t.match(refused.result.error?.fix, /faas resume bad/);
  t.match((await host.call(good, '/')).result, { outcome: 'ok' });
  host.quarantine();
  t.match((await host.call(bad, '/')).result, { outcome: 'ok' });
  t.same(outcomes, ['bad ok', 'bad guest_error', 'good ok', 'bad ok'], 'refusals are counted');
});

t.test(
  'follow() closes the instances of a function in quarantine, and makes no others',
  async (t) => {
    const instances = { min: 1 };
    const ready = await host.deploy('ready', misbehave(), { instances });
    const running = host.call(ready, '/sleep?ms=50');
    t.ok(host.describe(ready));
    host.quarantine(quarantineOf(ready));
    t.equal(host.describe(ready), undefined);
    t.match((await running).result, { outcome: 'ok' }, 'what runs comes to its end');
    host.quarantine(quarantineOf(ready));
    t.equal(host.describe(ready), undefined, 'none is made ahead');
    host.quarantine();
    t.ok(host.describe(ready), 'and now one is');
  },
);

t.test('a quarantine means one version', async (t) => {
  const first = await host.deploy('app', example('hello-rust'));
  host.quarantine(quarantineOf(first));
  const second = await host.deploy('app', example('hello-rust'), { serverTiming: true });
  t.match((await host.call(second, '/')).result, { outcome: 'ok' });
  const quarantine = new FunctionQuarantine();
  t.equal(quarantine.holds(first.live), false);
  quarantine.replace([quarantineOf(first)]);
  t.equal(quarantine.holds(first.live), true);
  t.equal(quarantine.holds(second.live), false);
  t.equal(quarantine.holds({ ...first.live, createdMs: first.live.createdMs + 1 }), false);
  t.equal(quarantine.refusalOf(second.live), undefined);
});

t.test('a quarantine is told in a sentence', async (t) => {
  const entry = { ...quarantineOf(createRecord('app')), version: 7 as VersionNumber };
  t.equal(
    describeQuarantine(entry),
    'version 7 in quarantine since 2023-11-14T22:13:20Z: it stopped a worker from answering 3 times within 10 minutes; "faas resume app" or a new version ends it',
  );
});

for (const engine of ['native', 'jco'] as const) {
  t.test(
    `the running board shows a guest while a host function works for it: ${engine}`,
    async (t) => {
      const seen: (number | undefined)[] = [];
      const outgoingHttp = {
        send: (): never => {
          seen.push(host.board.running[0]);
          throw new Error('it is not sent');
        },
      };
      const host = await openHarness(t, { outgoingHttp, engine });
      const record = await host.deploy('caller', misbehave());
      await host.call(record, '/fetch?authority=example.com');
      t.same(seen, [host.board.take('caller')]);
      t.ok((seen[0] ?? 0) > 0);
      t.equal(host.board.running[0], NOBODY, 'nobody when it is over');
    },
  );
}
