/**
 * The CPU of an instance that serves several invocations: each has a meter of its own, and what the instance does
 * counts for that of the invocation whose code runs.
 */
import type { CpuMeter } from './cpu-meter.ts';
import type { GuestCpu } from './guest-cpu.ts';

/** Passes everything on to the meter of whoever runs now. */
export class SharedCpu implements GuestCpu {
  /** Changed only while no code of the instance runs or is suspended. */
  current: CpuMeter;

  /** @param first Of the invocation for which the instance is made. */
  constructor(first: CpuMeter) {
    this.current = first;
  }

  get epoch(): WebAssembly.Memory {
    return this.current.epoch;
  }

  enter(): void {
    this.current.enter();
  }

  leave(): void {
    this.current.leave();
  }

  expired(): 0 | 1 {
    return this.current.expired();
  }

  yield(): Promise<void> {
    return this.current.yield();
  }

  nested(frame: number): void {
    this.current.nested(frame);
  }

  resume(settle: () => void, cancel: (ending: unknown) => void): void {
    this.current.resume(settle, cancel);
  }

  returned(): void {
    this.current.returned();
  }

  goOn(): void {
    this.current.goOn();
  }
}
