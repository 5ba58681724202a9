/**
 * Guests in random interleavings of entering, leaving, waiting, yielding and ending, on a thread that the test
 * turns: a model knows who ran when, because only the guests' own code lets time pass in their name.
 */
import fc from 'fast-check';
import t from 'tap';
import { CpuMeter } from '../../host/limits/cpu-meter.ts';
import type { Scheduler } from '../../host/limits/scheduler.ts';
import { FakeThread, settled } from './fake-thread.ts';

/** What a guest does next: runs for so long, and then something. */
interface Step {
  readonly ms: number;
  readonly next: 'wait' | 'yield' | 'return' | 'enter-other' | 'enter-self' | 'tick';
  /** Host work while the result is lowered, ms. */
  readonly loweringMs: number;
  /** Which other guest, and how many turns of the loop the wait takes. */
  readonly number: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  // Sums of eighths are exact.
  ms: fc.integer({ min: 0, max: 24 }).map((eighths) => eighths / 8),
  next: fc.constantFrom('wait', 'yield', 'return', 'enter-other', 'enter-self', 'tick'),
  loweringMs: fc.integer({ min: 0, max: 4 }).map((eighths) => eighths / 8),
  number: fc.nat(5),
});

const scenario = fc.record({
  guests: fc.array(
    fc.record({ function: fc.nat(3), steps: fc.array(step, { minLength: 1, maxLength: 12 }) }),
    { minLength: 1, maxLength: 6 },
  ),
  /** Guests that are ended from outside, and after how many turns of the loop. */
  endings: fc.array(fc.record({ guest: fc.nat(5), poll: fc.nat(20) }), { maxLength: 3 }),
  hostMs: fc.integer({ min: 0, max: 16 }).map((eighths) => eighths / 8),
});

const ENDED = new Error('ended');

class Guest {
  readonly meter: CpuMeter;
  /** What it ran, as the model knows it. */
  ranMs = 0;
  state: 'live' | 'done' | 'ended' = 'live';
  isCancelled = false;

  constructor(scheduler: Scheduler, key: string) {
    this.meter = new CpuMeter(scheduler, scheduler.share(key));
    this.meter.begin(
      { cpuMs: Infinity },
      {
        endForCpu: () => {
          throw new Error('no limit');
        },
      },
    );
  }
}

class World {
  readonly thread = new FakeThread();
  readonly scheduler = this.thread.open();
  readonly guests: Guest[] = [];
  readonly complaints: string[] = [];
  /** Guests that go on after an interruption in this turn of the loop. */
  preempted = 0;
  #waits: { polls: number; resolve: () => void }[] = [];

  /** Code of a guest, or of the host for it, runs. */
  run(guest: Guest, ms: number): void {
    if (this.scheduler.thread.running.at(-1) !== guest.meter) this.complain('another is charged');
    if (guest.isCancelled) this.complain('an ended guest runs');
    this.thread.work(ms);
    guest.ranMs += ms;
  }

  complain(what: string): void {
    this.complaints.push(what);
  }

  /** A promise of the host that settles after some turns of the event loop. */
  hostPromise(polls: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waits.push({ polls, resolve });
    });
  }

  get isIdle(): boolean {
    return this.#waits.length === 0 && !this.thread.hasPolls;
  }

  async turn(): Promise<void> {
    this.preempted = 0;
    const due = this.#waits.filter((wait) => wait.polls === 0);
    this.#waits = this.#waits.filter((wait) => wait.polls > 0);
    for (const wait of this.#waits) wait.polls -= 1;
    for (const wait of due) wait.resolve();
    await settled();
    await this.thread.poll();
    if (this.preempted > 1) this.complain('two interrupted guests ran in one turn of the loop');
    if (this.scheduler.thread.running.length > 0) this.complain('somebody was left running');
  }
}

/** A call of the guest, which V8 suspends and resumes as it does a real one: one microtask after its promise is settled. */
async function live(world: World, guest: Guest, steps: readonly Step[]): Promise<void> {
  const { meter } = guest;
  meter.enter();
  let left = false;
  try {
    for (const { ms, next, loweringMs, number } of steps) {
      world.run(guest, ms);
      if (next === 'return') break;
      if (next === 'tick') {
        world.thread.ticked = true;
        meter.expired();
      }
      if (next === 'enter-self') {
        meter.enter();
        world.run(guest, loweringMs);
        meter.leave();
      }
      if (next === 'enter-other') enterOther(world, number, loweringMs);
      if (next !== 'wait' && next !== 'yield') continue;
      const suspended = next === 'yield' ? meter.yield() : wait(world, guest, number, loweringMs);
      // Only the first part of a call runs under whoever called it.
      if (!left) meter.leave();
      left = true;
      await suspended;
      if (next === 'yield') world.preempted += 1;
    }
    guest.state = 'done';
  } catch (error) {
    if (error !== ENDED) world.complain(String(error));
    guest.state = 'ended';
  } finally {
    if (!left) meter.leave();
  }
}

/** A host function of one guest calls another one. */
function enterOther(world: World, number: number, ms: number): void {
  const other = world.guests[number % world.guests.length];
  if (other === undefined || other.isCancelled) return;
  other.meter.enter();
  world.run(other, ms);
  other.meter.leave();
}

function wait(world: World, guest: Guest, polls: number, loweringMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    void world.hostPromise(polls).then(() =>
      guest.meter.resume(() => {
        world.run(guest, loweringMs);
        resolve();
      }, reject),
    );
  });
}

t.test('everybody is charged what they ran, and comes to an end', async (t) => {
  let ended = 0;
  await fc.assert(
    fc.asyncProperty(scenario, async ({ guests, endings, hostMs }) => {
      const world = new World();
      for (const one of guests) world.guests.push(new Guest(world.scheduler, `f${one.function}`));
      const lives = guests.map(async ({ steps }, index) => {
        const guest = world.guests[index];
        if (guest !== undefined) await live(world, guest, steps);
      });
      for (let turns = 0; turns < 400; turns += 1) {
        for (const { guest: number, poll } of endings) {
          const guest = world.guests[number];
          if (poll !== turns || guest === undefined || guest.state !== 'live') continue;
          guest.isCancelled = true;
          guest.meter.cancel(ENDED);
        }
        // What the host does in between is nobody's.
        queueMicrotask(() => world.thread.work(hostMs));
        world.thread.pass(1);
        await world.turn();
        if (world.isIdle && turns > 20) break;
      }
      await Promise.all(lives);
      for (const guest of world.guests) {
        if (guest.state === 'live') world.complain('a guest was forgotten');
        if (guest.state === 'ended') ended += 1;
        if (guest.meter.usedMs !== guest.ranMs) {
          world.complain(`charged ${guest.meter.usedMs} for ${guest.ranMs}`);
        }
      }
      if (world.thread.hasPolls) world.complain('something is left to do');
      if (world.complaints.length > 0) throw new Error(world.complaints.join('; '));
    }),
    { numRuns: 400 },
  );
  t.ok(ended > 0, `${ended} were ended while they waited`);
});
