import t, { type Test } from 'tap';
import type { SharedGate } from '../../../host/limits/quotas/shared-gate.ts';
import { countKeyOf, versionKeyOf } from '../../../host/limits/quotas/quota-keys.ts';
import { createLoad, play, playAlone, type Tally } from './load.ts';
import { createRandom, SimClock, SimHost } from './quota-simulation.ts';
import { createTestSnapshot, type TestLimits } from './test-snapshot.ts';

/** A host with a gate of one version in each worker. */
class GateHost extends SimHost {
  readonly gates: SharedGate[] = [];
  readonly placesKey: string;
  readonly #limits: { concurrency: number; queue: number };
  readonly #versionKey: string;
  /** Most places in use at a time. */
  most = 0;

  constructor(seed: number, limits: TestLimits, workers: number) {
    const { snapshot, live } = createTestSnapshot(limits);
    super(seed, snapshot);
    this.#limits = live.settings.limits;
    this.#versionKey = versionKeyOf(live);
    this.placesKey = countKeyOf('places', this.#versionKey);
    for (let index = 0; index < workers; index += 1) this.addGate();
  }

  addGate(): void {
    this.gates.push(this.addWorker().client.openGate(this.#versionKey, this.#limits));
  }

  gateOf(index: number): SharedGate | undefined {
    return this.workers[index]?.isAlive === true ? this.gates[index] : undefined;
  }

  /** Lets time pass, and sees to it that never more places are taken than there are. */
  async watch(t: Test, ms: number): Promise<void> {
    const { concurrency } = this.#limits;
    let broken = 0;
    await this.clock.run(ms, () => {
      let taken = 0;
      for (const [index, gate] of this.gates.entries()) {
        if (this.workers[index]?.isAlive === true) taken += gate.held;
      }
      this.most = Math.max(this.most, taken);
      const lent = this.authority?.describe(this.placesKey)?.held ?? 0;
      if (taken > concurrency || lent > concurrency) broken += 1;
    });
    t.equal(broken, 0, 'never more than the limit at once');
  }
}

const skews: readonly (readonly [name: string, limits: TestLimits, load: number, serviceMs: number])[] = [
  ['64 places, too many requests', { concurrency: 64, queue: 256 }, 1.5, 10],
  ['64 places, nearly too many', { concurrency: 64, queue: 256 }, 0.95, 10],
  ['10 places, too many requests', { concurrency: 10, queue: 100 }, 1.5, 10],
  ['10 places, short requests', { concurrency: 10, queue: 100 }, 1.3, 3],
  ['1 place, too many requests', { concurrency: 1, queue: 50 }, 1.5, 10],
  ['1 place, nearly too many', { concurrency: 1, queue: 50 }, 0.9, 10],
  ['1 place, short requests', { concurrency: 1, queue: 50 }, 1.5, 2],
  ['3 places, 4 workers', { concurrency: 3, queue: 50 }, 2, 8],
];

for (const [name, limits, load, serviceMs] of skews) {
  for (const shares of [
    [0.9, 0.1],
    [0.9, 0.04, 0.03, 0.03],
    [0.25, 0.25, 0.25, 0.25],
  ]) {
    t.test(`${name}, shares ${shares.join(' ')}: within 5 % of one process`, async (t) => {
      const { concurrency = 1, queue = 0 } = limits;
      const perSecond = (load * concurrency * 1000) / serviceMs;
      const seconds = Math.min(5, Math.max(1.5, 3000 / perSecond));
      const requests = createLoad({ seconds, perSecond, shares, serviceMs }, createRandom(11));
      const ideal = await playAlone(
        new SimClock(),
        requests,
        { concurrency, queue },
        seconds * 1000,
      );
      const host = new GateHost(5, limits, shares.length);
      const tally = play(host.clock, requests, (worker) => host.gateOf(worker));
      await host.watch(t, seconds * 1000);
      const ratio = tally.total / ideal.total;
      t.comment(
        `ratio ${ratio.toFixed(3)}, served ${tally.served}, refused ${tally.totalRefused} instead of ${ideal.totalRefused}, ` +
          `${(host.messages / requests.length).toFixed(2)} messages a request`,
      );
      t.ok(ratio >= 0.95, `served ${tally.total}, one process ${ideal.total}`);
      if (load > 1) t.equal(host.most, concurrency, 'all places were in use at a time');
      for (const [worker, share] of shares.entries()) {
        // With one process, each worker's requests would be served as often as all others.
        const part = (share * ideal.total * 3) / 4;
        t.ok((tally.served[worker] ?? 0) >= part, `worker ${worker} had its part`);
      }
      checkEnd(t, host, tally);
    });
  }
}

function checkEnd(t: Test, host: GateHost, tally: Tally): void {
  const held = host.gates.reduce((sum, gate) => sum + gate.held, 0);
  t.equal(held, tally.running, 'who runs has a place, and nobody else');
}
