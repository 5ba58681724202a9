/**
 * Bounds of flattening. A component of a kilobyte can instantiate itself into a million instances, and
 * name a type that is a million types when written out: what flattening makes is counted, not what it
 * was made from.
 */
import { HostError } from '../../base/errors.ts';

/** What is bounded, and where. */
const LIMITS = Object.freeze({
  /** Toolchains make one for each exported interface and each composed component. */
  'component instances': 1000,
  'core instances': 1000,
  'levels of instantiation': 64,
  /** Definitions, declarations, arguments, imports and parts of types looked at. */
  'interpreted definitions': 1_000_000,
  /** Each becomes a function in the generated code. */
  'canonical functions': 20_000,
  'bytes in one type, written out': 256 * 1024,
  'levels in one type': 100,
  /** The plan is stored as JSON. */
  'bytes of function types in the plan': 8 * 1024 * 1024,
  'bytes of names in the plan': 8 * 1024 * 1024,
  'bytes of compared types': 64 * 1024 * 1024,
});

/** What is bounded. */
export type FlattenLimit = keyof typeof LIMITS;

/** Counts, and ends a flattening at a limit. */
export class FlattenBudget {
  readonly #spent = new Map<FlattenLimit, number>();

  /** Adds to a count. @throws {wasm_too_complex} If the limit is passed. */
  spend(what: FlattenLimit, amount = 1): void {
    const spent = (this.#spent.get(what) ?? 0) + amount;
    this.#spent.set(what, spent);
    this.check(what, spent);
  }

  /** Checks one size. @throws {wasm_too_complex} If it is above the limit. */
  check(what: FlattenLimit, amount: number): void {
    const limit = LIMITS[what];
    if (amount > limit) throw new HostError('wasm_too_complex', { what, limit });
  }
}
