/**
 * Work that the host does for a guest is charged to the guest: for calls that are mostly such work (building header
 * fields, making resources, copying lines and random bytes), the CPU time of the invocation is compared with what the thread has spent.
 */
import t from 'tap';
import { openThreadClock } from '../../host/limits/thread-clock.ts';
import { misbehave } from '../guests/guests.ts';
import { openHarness } from './harness.ts';

/** Calls of each, after some that compile what they run. */
const CALLS = 4;
/** What may be missing: what the host does before the guest runs and after it, for the response and for the harness. */
const LEAST_SHARE = 0.4;

const HOST_WORK: readonly (readonly [what: string, path: string])[] = [
  ['header fields', '/many-headers'],
  ['resources', '/hog-handles?n=5000'],
  ['random bytes', '/random?bytes=4000000'],
  ['lines for the log', '/stdout?lines=4000&width=40'],
];

for (const engine of ['native', 'jco'] as const) {
  t.test(`the ${engine} engine charges guests what the host does for them`, async (t) => {
    const threadMs = openThreadClock();
    const host = await openHarness(t, { engine });
    const limits = { cpuMs: 30_000, timeoutMs: 30_000 };
    const record = await host.deploy('works', misbehave(), { limits });
    for (const [what, path] of HOST_WORK) {
      let chargedMs = 0;
      let spentMs = 0;
      for (let call = -2; call < CALLS; call += 1) {
        const before = threadMs();
        const { result } = await host.call(record, path);
        const spent = threadMs() - before;
        t.equal(result.outcome, 'ok', path);
        if (call < 0) continue;
        chargedMs += result.cpuMs ?? 0;
        spentMs += spent;
      }
      const share = chargedMs / spentMs;
      t.ok(
        share > LEAST_SHARE && share < 1.1,
        `${what}: ${chargedMs.toFixed(1)} of ${spentMs.toFixed(1)} ms are charged`,
      );
    }
  });
}
