/** CPU time of a guest that is called at deploy: ended when its time is over, without a thread that ticks. */
import { performance } from 'node:perf_hooks';
import type { CpuOwner } from '../limits/cpu-meter.ts';
import { UnmeteredCpu } from '../limits/unmetered-cpu.ts';

/** Lets a guest run until a moment. */
export class TrialCpu extends UnmeteredCpu {
  readonly #untilMs: number;
  readonly #owner: CpuOwner;

  /** @param untilMs On the clock of `performance.now()`. */
  constructor(untilMs: number, owner: CpuOwner) {
    super();
    this.#untilMs = untilMs;
    this.#owner = owner;
    // Every check of the guest calls `expired`.
    new Int32Array(this.epoch.buffer)[0] = 1;
  }

  override expired(): 0 {
    if (performance.now() > this.#untilMs) this.#owner.endForCpu();
    return 0;
  }
}
