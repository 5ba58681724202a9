/**
 * What is defined so far where the decoder is: counts of every index space, the names taken, the scope
 * around it; and what all scopes of one decoding share: the budget that bounds its memory and its time.
 */
import { HostError } from '../../base/errors.ts';
import type { ByteReader } from '../../wasm/byte-reader.ts';
import type { Sort } from './decoded-component.ts';

/** Limits of decoding, over a component and all within it. */
export interface DecodeLimits {
  /** Sections of all components together. */
  readonly maxSections: number;
  /** Components within components, and types within types. */
  readonly maxDepth: number;
  /** Definitions and declarations. */
  readonly maxDefinitions: number;
  /** Fields, cases, parameters, arguments and exports within definitions. */
  readonly maxParts: number;
}

/** Far above what toolchains make: a StarlingMonkey component has 3,000 definitions. */
const DEFAULT_LIMITS: DecodeLimits = {
  maxSections: 20_000,
  maxDepth: 32,
  maxDefinitions: 200_000,
  maxParts: 500_000,
};

/** Counts what a decoding makes, and ends it at a limit. */
export class DecodeBudget {
  readonly #limits: DecodeLimits;
  #sections = 0;
  #definitions = 0;
  #parts = 0;

  constructor(limits: Partial<DecodeLimits> = {}) {
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
  }

  /** @throws {wasm_too_complex} If it is one too many. */
  addSection(): void {
    this.#sections += 1;
    check('sections', this.#sections, this.#limits.maxSections);
  }

  /** @throws {wasm_too_complex} If it is one too many. */
  addDefinition(): void {
    this.#definitions += 1;
    check('definitions', this.#definitions, this.#limits.maxDefinitions);
  }

  /** @throws {wasm_too_complex} If they are too many. */
  addParts(count: number): void {
    this.#parts += count;
    check('parts of definitions', this.#parts, this.#limits.maxParts);
  }

  /** @throws {wasm_too_complex} If it is too deep. */
  checkDepth(depth: number): void {
    check('levels of nested components and types', depth, this.#limits.maxDepth);
  }
}

function check(what: string, count: number, limit: number): void {
  if (count > limit) throw new HostError('wasm_too_complex', { what, limit });
}

/** The index spaces of a component, a component type or an instance type. */
export class Scope {
  readonly budget: DecodeBudget;
  readonly parent: Scope | undefined;
  readonly #depth: number;
  readonly #counts = new Map<Sort, number>();
  readonly #imports = new Set<string>();
  readonly #exports = new Set<string>();

  /** @throws {wasm_too_complex} If it is nested too deep. */
  constructor(budget: DecodeBudget, parent?: Scope) {
    this.budget = budget;
    this.parent = parent;
    this.#depth = parent === undefined ? 0 : parent.#depth + 1;
    budget.checkDepth(this.#depth);
  }

  /** Adds one to an index space. */
  define(sort: Sort): void {
    this.#counts.set(sort, this.count(sort) + 1);
  }

  /** How many there are. */
  count(sort: Sort): number {
    return this.#counts.get(sort) ?? 0;
  }

  /**
   * Reads an index.
   *
   * @throws {malformed_wasm} If nothing with this index was defined before.
   */
  readIndex(reader: ByteReader, sort: Sort): number {
    const at = reader.offset;
    const index = reader.u32();
    this.checkIndex(reader, sort, index, at);
    return index;
  }

  /** @throws {malformed_wasm} If nothing with this index was defined before. */
  checkIndex(reader: ByteReader, sort: Sort, index: number, at: number): void {
    const count = this.count(sort);
    if (index >= count) throw reader.malformed(`an index of the ${count} of sort ${sort}`, at);
  }

  /** @throws {malformed_wasm} If the scope has an import or export of this name. */
  takeName(reader: ByteReader, kind: 'import' | 'export', name: string, at: number): void {
    takeName(reader, kind === 'import' ? this.#imports : this.#exports, name, at);
  }
}

/**
 * Adds a name to those taken.
 *
 * @throws {malformed_wasm} If it is taken.
 */
export function takeName(reader: ByteReader, taken: Set<string>, name: string, at: number): void {
  if (taken.has(name)) throw reader.malformed('a name that was not used before', at);
  taken.add(name);
}
