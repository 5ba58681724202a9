/**
 * The rate budgets of all functions: one for each function that has limits, kept over its versions, so that
 * deploying again forgets nothing that was used. Functions without limits have none and cost nothing.
 */
import type { Clock } from '../base/clock.ts';
import { RateBudget, type RateLimits } from './rate-budget.ts';

/** Finds the budget of a function. */
export class RateBudgets {
  readonly #clock: Clock;
  readonly #budgets = new Map<string, RateBudget>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The budget of a function with the limits of its live version; asked once for each version, not for each
   * request.
   *
   * @returns Undefined if there is no limit.
   */
  of(functionKey: string, limits: RateLimits): RateBudget | undefined {
    if (limits.requestsPerSecond === undefined && limits.cpuMsPerMinute === undefined) {
      this.#budgets.delete(functionKey);
      return undefined;
    }
    const known = this.#budgets.get(functionKey);
    if (known !== undefined) {
      known.configure(limits);
      return known;
    }
    const budget = new RateBudget(limits, this.#clock);
    this.#budgets.set(functionKey, budget);
    return budget;
  }

  /** Forgets all other functions: they were deleted. */
  retain(functionKeys: ReadonlySet<string>): void {
    for (const key of this.#budgets.keys()) {
      if (!functionKeys.has(key)) this.#budgets.delete(key);
    }
  }
}
