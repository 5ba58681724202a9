/**
 * The rate budgets of all functions: one for each function that has limits, kept over its versions, so that
 * deploying again forgets nothing that was used. Functions without limits have none and cost nothing.
 */
import type { FunctionRate, RateLimits } from './rate-budget.ts';

/** Makes the budget of a function. */
export type OpenRate = (functionKey: string, limits: RateLimits) => FunctionRate;

/** Finds the budget of a function. */
export class RateBudgets {
  readonly #open: OpenRate;
  readonly #budgets = new Map<string, FunctionRate>();

  constructor(open: OpenRate) {
    this.#open = open;
  }

  /**
   * The budget of a function with the limits of its live version; asked once for each version, not for each
   * request.
   *
   * @returns Undefined if there is no limit.
   */
  of(functionKey: string, limits: RateLimits): FunctionRate | undefined {
    if (limits.requestsPerSecond === undefined && limits.cpuMsPerMinute === undefined) {
      this.#forget(functionKey);
      return undefined;
    }
    const known = this.#budgets.get(functionKey);
    if (known !== undefined) {
      known.configure(limits);
      return known;
    }
    const budget = this.#open(functionKey, limits);
    this.#budgets.set(functionKey, budget);
    return budget;
  }

  /** Forgets all other functions: they were deleted. */
  retain(functionKeys: ReadonlySet<string>): void {
    for (const key of this.#budgets.keys()) {
      if (!functionKeys.has(key)) this.#forget(key);
    }
  }

  #forget(functionKey: string): void {
    this.#budgets.get(functionKey)?.close();
    this.#budgets.delete(functionKey);
  }
}
