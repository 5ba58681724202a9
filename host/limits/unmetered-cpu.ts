/**
 * Lets a guest run without measuring or interrupting it: where a whole process is bounded instead (a
 * deployment's trial), and in tests of other things.
 */
import { createEpochMemory } from './epoch-ticker.ts';
import type { GuestCpu } from './guest-cpu.ts';

/** No limits. */
export class UnmeteredCpu implements GuestCpu {
  #epoch: WebAssembly.Memory | undefined;

  get epoch(): WebAssembly.Memory {
    this.#epoch ??= createEpochMemory();
    return this.#epoch;
  }

  enter(): void {
    // Nothing is measured.
  }

  leave(): void {
    // Nothing is measured.
  }

  expired(): 0 {
    return 0;
  }

  yield(): Promise<void> {
    return Promise.resolve();
  }

  nested(): void {
    // Nobody is to yield.
  }

  resume(settle: () => void): void {
    settle();
  }

  returned(): void {
    // Nobody is to yield.
  }

  goOn(): void {
    // Nothing is measured.
  }
}
