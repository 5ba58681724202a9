import t from 'tap';
import { example } from '../guests/guests.ts';
import { openRunningHost } from './running-host.ts';

t.test('a function with a minimum is ready before its first request', async (t) => {
  const host = await openRunningHost(t);
  await host.deploy('hello', example('hello-rust'), { instances: { min: 2 } });
  await host.untilMetric('faas_instances{function="hello",state="warm"}', 2);
  t.match(await host.call('/hello/'), { status: 200 });
  const metrics = await host.metrics();
  t.equal(metrics.get('faas_instance_starts_total{function="hello",way="prewarmed"}'), 1);
  await host.untilMetric('faas_instances_wanted{function="hello"}', 2);
});

t.test('where instances come from is counted, and described with its reason', async (t) => {
  const host = await openRunningHost(t);
  await host.deploy('hello', example('hello-rust'));
  await host.call('/hello/');
  await host.untilMetric('faas_instances{function="hello",state="warm"}', 1);
  for (let call = 0; call < 12; call += 1) await host.call('/hello/');
  await host.untilMetric('faas_instances{function="hello",state="running"}', 0);
  const metrics = await host.metrics();
  const way = (name: string): number =>
    metrics.get(`faas_instance_starts_total{function="hello",way="${name}"}`) ?? 0;
  t.equal(way('cold'), 1);
  t.equal(way('prewarmed'), 1);
  t.ok(way('reset') >= 10, `${way('reset')} resets`);
  t.equal(metrics.get('faas_instance_evictions_total{function="hello",reason="served"}'), 1);
  const { findings } = (await host.api.json({
    method: 'GET',
    path: '/v1/functions/hello',
  })) as { findings: string[] };
  t.match(findings.join('\n'), /^instances reset between invocations: a reset takes \d+ µs/m);
  t.match(findings.join('\n'), /^instances now: 0 running, \d idle, \d warm; \d wanted/m);
});
