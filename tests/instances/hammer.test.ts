/**
 * Thousands of things in any order: invocations that end well or not, starts that fail or take their time, resets
 * that fail, memory that runs out, time that passes, versions that close. Whatever the order: nobody
 * ever shares an instance or sees what another left, bounds are kept, and in the end nothing is left.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { InstanceLease, VersionInstances } from '../../host/instances/version-instances.ts';
import { Random } from '../fuzz/random.ts';
import { createGuestParts, FakeHost, type FakeSettings } from './fake-host.ts';

const STEPS = 1500;

/** A version under the hammer, and who uses it. */
interface Hammered {
  readonly instances: VersionInstances;
  readonly settings: FakeSettings;
  readonly max: number;
  readonly leases: Set<InstanceLease>;
  closed: boolean;
}

/** One run, repeatable by its seed. */
class Hammer {
  readonly #t: Test;
  readonly #random: Random;
  readonly #host: FakeHost;
  readonly #versions: Hammered[];
  readonly #users = new Map<unknown, InstanceLease>();
  readonly #pending = new Set<Promise<void>>();
  readonly #gates: PromiseWithResolvers<void>[] = [];

  constructor(t: Test, seed: number) {
    this.#t = t;
    const random = new Random(seed);
    this.#random = random;
    const host = new FakeHost(20);
    this.#host = host;
    Object.assign(host, { freshMs: random.below(3) / 10, resetMs: random.below(3) / 10 });
    if (random.once(4)) host.refusesCapture = 'it is a hard case';
    host.failsReset = () => random.once(20);
    host.start = async () => {
      if (random.once(15)) throw new Error('no such luck');
      if (!random.once(4)) return;
      const gate = Promise.withResolvers<void>();
      this.#gates.push(gate);
      await gate.promise;
    };
    this.#versions = [0, 1, 2].map(() => this.#open());
  }

  async run(): Promise<void> {
    for (let step = 0; step < STEPS; step += 1) {
      await this.#step();
      this.#check();
    }
    await this.#end();
  }

  #open(): Hammered {
    const random = this.#random;
    const max = 1 + random.below(8);
    const settings: FakeSettings = {
      isolation: random.once(3) ? 'reuse' : 'request',
      kind: 'http',
      limits: { concurrency: 1 + random.below(max), queue: random.below(10), timeoutMs: 5000 },
      instances: {
        max,
        min: random.below(Math.min(max, 3)),
        reuseCount: 1 + random.below(20),
        maxAgeMs: 5000 + random.below(60_000),
        idleTimeoutMs: 500 + random.below(10_000),
      },
    };
    const strategy = random.pick(['auto', 'fresh', 'reset'] as const);
    const instances = this.#host.open(settings, { strategy });
    instances.provision();
    return { instances, settings, max, leases: new Set(), closed: false };
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const version = random.pick(this.#versions);
    switch (random.below(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
        this.#invoke(version);
        return;
      case 4:
      case 5:
      case 6:
        this.#release(version);
        return;
      case 7:
        await this.#host.idle();
        return;
      case 8:
        await nextTurn();
        return;
      case 9:
        this.#host.clock.advance(random.pick([1, 20, 400, 1000, 15_000]));
        return;
      case 10:
        this.#gates.splice(random.below(this.#gates.length + 1), 1)[0]?.resolve();
        return;
      default:
        if (!random.once(20) || version.closed) return;
        version.instances.close();
        version.closed = true;
        this.#versions.push(this.#open());
    }
  }

  /** Waits for a place as the invoker does, and then for an instance. */
  #invoke(version: Hammered): void {
    const place = version.instances.gate.acquire();
    if (place === undefined) return;
    const invocation = (async () => {
      const held = await place;
      if (held === undefined) return;
      try {
        const lease = await version.instances.acquire(createGuestParts());
        await this.#use(version, lease, () => held.release());
      } catch (error) {
        held.release();
        const { message, name } = error as Error;
        const isKnown = ['no such luck', 'no memory'].includes(message) || name === 'RuntimeError';
        if (!isKnown) throw error;
      }
    })();
    this.#pending.add(invocation);
    void invocation.finally(() => this.#pending.delete(invocation));
  }

  async #use(version: Hammered, lease: InstanceLease, leave: () => void): Promise<void> {
    this.#t.notOk(this.#users.has(lease.memory), 'an instance has two users');
    this.#users.set(lease.memory, lease);
    const count = await lease.call([]);
    if (version.settings.isolation === 'request') this.#t.equal(count, 1, 'it saw another one');
    this.#t.equal(lease.guest.endReason, undefined);
    if (this.#random.once(10)) lease.memory.charge(1);
    if (this.#random.once(10)) lease.guest.endNow({ kind: 'cancelled' });
    version.leases.add(lease);
    this.#leaves.set(lease, leave);
  }

  readonly #leaves = new Map<InstanceLease, () => void>();

  #release(version: Hammered): void {
    const [lease] = version.leases;
    if (lease === undefined) return;
    version.leases.delete(lease);
    this.#users.delete(lease.memory);
    lease.release(!this.#random.once(6));
    if (this.#random.once(10)) lease.release(true);
    this.#leaves.get(lease)?.();
    this.#leaves.delete(lease);
  }

  #check(): void {
    let total = 0;
    for (const { instances, max, settings } of this.#versions) {
      const { counts } = instances.describe();
      const living = counts.running + counts.idle + counts.warm;
      total += living;
      if (living > max) this.#t.fail(`${living} instances of at most ${max}`);
      if (counts.running > (settings.limits?.concurrency ?? 0)) this.#t.fail('too many run');
    }
    const { states, live, budget } = this.#host;
    const counted = states.running + states.idle + states.warm;
    // One that was made and is not counted yet stands between two microtasks, never between two steps for long.
    if (counted !== total) this.#t.fail(`${counted} counted, ${total} in pools`);
    if (total > live.size) this.#t.fail(`${total} in pools, ${live.size} live`);
    if (budget.usedBytes < 0 || budget.usedMappings < 0) this.#t.fail('given back twice');
  }

  async #end(): Promise<void> {
    this.#host.start = async () => {};
    while (this.#pending.size > 0 || this.#versions.some(({ leases }) => leases.size > 0)) {
      for (const gate of this.#gates.splice(0)) gate.resolve();
      for (const version of this.#versions) this.#release(version);
      await this.#host.idle();
    }
    for (const { instances } of this.#versions) instances.close();
    await this.#host.settle();
    const { live, states, wanted, budget, clock, hasWork, starting, modules, loaded } = this.#host;
    modules.close();
    this.#t.match(
      {
        live: live.size,
        states,
        wanted,
        bytes: budget.usedBytes,
        mappings: budget.usedMappings,
        timers: clock.timers,
        hasWork,
        starting,
        open: loaded.filter(({ isClosed }) => !isClosed).length,
      },
      {
        live: 0,
        states: { running: 0, idle: 0, warm: 0 },
        wanted: 0,
        bytes: 0,
        mappings: 0,
        timers: 0,
        hasWork: false,
        starting: 0,
        open: 0,
      },
    );
  }
}

for (let seed = 1; seed <= 40; seed += 1) {
  t.test(`the pool keeps its promises, seed ${seed}`, async (t) => {
    await new Hammer(t, seed).run();
  });
}
