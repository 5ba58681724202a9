import t from 'tap';
import { wedge, WEDGE_MEMORY_BYTES } from '../guests/wedge.ts';
import { WorkersHost } from './workers-host.ts';
t.test('x', async (t) => {
  const cluster = await WorkersHost.start(t, { workers: 2, config: { watchdogMs: 30000, limits: { memoryBytes: '8GiB' } } });
  const { host } = cluster;
  const limits = { memoryBytes: WEDGE_MEMORY_BYTES, cpuMs: 20_000, timeoutMs: 20_000 };
  await host.deploy('wedge', await wedge(), { limits });
  for (let i = 0; i < 8; i += 1) {
  const s = performance.now();
  const a = await host.call('/wedge/').catch((e) => e);
  t.comment(performance.now() - s, a.status, a.text?.slice(0, 100), a.code);
  for (const [k, v] of await host.metrics()) if (/host_memory/.test(k)) t.comment(k, v);
  await new Promise((r) => setTimeout(r, 150));
  }
t.comment(host.process.stderr);
});
