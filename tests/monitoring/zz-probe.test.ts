/** Probe. */
import t from 'tap';
import { WorkersHost } from '../faults/workers-host.ts';
import { example, misbehave } from '../guests/guests.ts';
t.test('p', async (t) => {
  const cluster = await WorkersHost.start(t, { config: { cache: { moduleBytes: 1 } } });
  const { host } = cluster;
  for (const n of ['hello-rust', 'usage-rust', 'echo-rust'] as const) await host.deploy(n, example(n));
  await host.deploy('bad', misbehave());
  for (let i = 0; i < 20; i += 1) {
    for (const n of ['hello-rust', 'usage-rust', 'echo-rust']) await host.call(`/${n}/`);
    await host.call('/bad/panic');
    await host.call('/bad/sleep?ms=50');
  }
  for (const [k, v] of await host.metrics()) if (/module_cache|starts_total|evictions/.test(k)) t.comment(`${k} ${v}`);
});
