/**
 * What a live instance has where it serves several invocations at once: how many are in it, and what it needs to act
 * for one of them at a time.
 */
import type { Clock } from '../base/clock.ts';
import type { TaskControl } from '../component/abi/async/task.ts';
import type { CpuMeter } from '../limits/cpu-meter.ts';
import { SharedCpu } from '../limits/shared-cpu.ts';
import type { EvictionReason } from '../metrics/observer.ts';
import type { GuestMeters, GuestParts } from '../wasi/guest-state.ts';
import { GuestCrew, SharedGuest } from '../wasi/shared-guest.ts';

/** What one invocation has of its own in an instance that it shares. */
export interface Occupant {
  readonly guest: SharedGuest;
  readonly cpu: CpuMeter;
}

/** Meters with a CPU meter that can be passed on. */
export interface OccupantMeters extends GuestMeters {
  readonly cpu: CpuMeter;
}

/** The seats of one instance. */
export class InstanceSeats {
  /** What the instance measures itself with. */
  readonly cpu: SharedCpu;
  /** For whom the instance is made. */
  readonly first: Occupant;
  /** Seats that are taken, also by invocations that were answered and whose task has not ended. */
  taken = 0;
  /** Whether one invocation has been through: V8 has compiled most by then. */
  isProven = false;
  /** Why it takes no more invocations and is closed with the last; undefined as long as it does. */
  retiring: EvictionReason | undefined;
  /** Whether it is known as one with seats. */
  isListed = false;
  readonly #crew = new GuestCrew();
  /** Meters of invocations that are over. */
  readonly #spare: CpuMeter[] = [];
  /** Of any call of the instance. */
  #control: TaskControl | undefined;

  /** @param meters Of whoever the instance is made for. */
  constructor(clock: Clock, parts: GuestParts, meters: OccupantMeters) {
    const { cpu } = meters;
    this.cpu = new SharedCpu(cpu);
    this.first = { guest: this.createGuest(clock, parts, meters), cpu };
  }

  /** Whether a call has ended the instance. */
  get isLost(): boolean {
    return this.#control?.isLost === true;
  }

  /** Makes the guest of one invocation. */
  createGuest(clock: Clock, parts: GuestParts, meters: OccupantMeters): SharedGuest {
    return new SharedGuest(clock, parts, meters, this.#crew);
  }

  /** Code of an invocation runs from now on. */
  actFor({ guest, cpu }: Occupant): void {
    this.#crew.current = guest;
    this.cpu.current = cpu;
  }

  /** A call was made. */
  follow({ guest }: Occupant, control: TaskControl): void {
    guest.control = control;
    this.#control = control;
  }

  /** A meter that nobody uses any more, if there is one. */
  takeSpare(): CpuMeter | undefined {
    return this.#spare.pop();
  }

  /** An invocation is over, and nothing of it runs any more. */
  leave({ guest, cpu }: Occupant, atRest: GuestParts): void {
    // Of a task that was given up, something may still be charged.
    if (guest.control?.isOver !== false) this.#spare.push(cpu);
    guest.finish();
    guest.rest(atRest);
    this.#crew.leave(guest);
    this.isProven = true;
  }
}
