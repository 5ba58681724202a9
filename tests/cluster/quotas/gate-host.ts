/** A simulated host of which each worker has the gate of one version. */
import type { Test } from 'tap';
import { countKeyOf, versionKeyOf } from '../../../host/limits/quotas/quota-keys.ts';
import type { SharedGate } from '../../../host/limits/quotas/shared-gate.ts';
import { createLoad, play, playAlone, type Tally } from './load.ts';
import { createRandom, SimClock, SimHost } from './quota-simulation.ts';
import { createTestSnapshot, type TestLimits } from './test-snapshot.ts';

/** Gates of one version. */
export class GateHost extends SimHost {
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

/** What is compared: limits, the load as a part of what can be served, and the mean time of a request, ms. */
export interface Comparison {
  readonly limits: TestLimits;
  readonly load: number;
  readonly serviceMs: number;
  readonly shares: readonly number[];
  readonly requests: number;
}

/** Plays the same requests on one process and on several workers, and compares. */
export async function compare(t: Test, comparison: Comparison): Promise<void> {
  const { limits, load, serviceMs, shares } = comparison;
  const { concurrency = 1, queue = 0 } = limits;
  const perSecond = (load * concurrency * 1000) / serviceMs;
  const seconds = comparison.requests / perSecond;
  const requests = createLoad({ seconds, perSecond, shares, serviceMs }, createRandom(11));
  const ideal = await playAlone(new SimClock(), requests, { concurrency, queue }, seconds * 1000);
  const host = new GateHost(5, limits, shares.length);
  const tally = play(host.clock, requests, (worker) => host.gateOf(worker));
  await host.watch(t, seconds * 1000);
  const perRequest = (host.messages / requests.length).toFixed(2);
  t.comment(
    `${tally.total} served where one process serves ${ideal.total}, ${perRequest} messages a request`,
  );
  t.ok(tally.total >= ideal.total * 0.95, `served ${tally.total}, one process ${ideal.total}`);
  t.ok(tally.totalRefused <= ideal.totalRefused + requests.length * 0.05);
  if (load > 1) t.equal(host.most, concurrency, 'all places were in use at a time');
  for (const worker of shares.keys()) {
    const came = requests.filter((request) => request.worker === worker).length;
    // With one process all would be served alike.
    const part = (came / requests.length) * ideal.total * 0.75;
    t.ok((tally.served[worker] ?? 0) >= part, `worker ${worker} had its part`);
  }
  checkPlaces(t, host, tally);
}

/** Who runs has a place, and nobody else. */
export function checkPlaces(t: Test, host: GateHost, tally: Tally): void {
  const held = host.gates.reduce((sum, _gate, index) => sum + (host.gateOf(index)?.held ?? 0), 0);
  t.equal(held, tally.running, 'who runs has a place, and nobody else');
}
