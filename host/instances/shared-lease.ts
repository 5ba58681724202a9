/** The use that one invocation makes of an instance which others use at the same time. */
import type { TaskCaller, TaskControl } from '../component/abi/async/task.ts';
import type { CpuMeter } from '../limits/cpu-meter.ts';
import type { MemoryAccount } from '../limits/memory-account.ts';
import type { StartKind, StartPhases } from '../metrics/observer.ts';
import type { SharedGuest } from '../wasi/shared-guest.ts';
import type { InstanceSeats, Occupant } from './instance-seats.ts';
import type { LiveInstance } from './live-instance.ts';
import type { InstanceLease } from './version-instances.ts';

/** What a lease is made of. */
export interface SharedLeaseParts {
  readonly live: LiveInstance;
  readonly seats: InstanceSeats;
  readonly occupant: Occupant;
  readonly start: StartKind;
  readonly phases: StartPhases;
  /** Monotonic time at which the invocation asked for an instance. */
  readonly startedMs: number;
  readonly onRelease: (lease: SharedLease) => void;
}

/** A seat that is taken. */
export class SharedLease implements InstanceLease, TaskCaller {
  readonly guest: SharedGuest;
  readonly cpu: CpuMeter;
  readonly memory: MemoryAccount;
  readonly start: StartKind;
  readonly phases: StartPhases;
  /** Whether the seat is free again. */
  isOver = false;
  /** What the call comes to; undefined if none was made. */
  answer: Promise<unknown> | undefined;
  readonly parts: SharedLeaseParts;
  #control: TaskControl | undefined;
  #isReleased = false;

  constructor(parts: SharedLeaseParts) {
    const { live, occupant, start, phases } = parts;
    this.parts = parts;
    this.guest = occupant.guest;
    this.cpu = occupant.cpu;
    this.memory = live.memory;
    this.start = start;
    this.phases = phases;
  }

  get entry(): string {
    return this.parts.live.module.manifest.entry.interface;
  }

  get control(): TaskControl | undefined {
    return this.#control;
  }
  set control(control: TaskControl) {
    this.#control = control;
    this.parts.seats.follow(this, control);
  }

  activate(): void {
    this.parts.seats.actFor(this);
  }

  call(parameters: readonly unknown[]): Promise<unknown> {
    this.answer = this.parts.live.instance.call(parameters, this);
    return this.answer;
  }

  /** Whether the instance is fit for others does not depend on how this one ended. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.parts.onRelease(this);
  }
}
