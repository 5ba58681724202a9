/**
 * Strings of a component that emitted code needs, as data.
 *
 * No string from a component ever becomes part of emitted source: the script gets this table as a frozen
 * array and knows its strings as `n0`, `n1` … So whatever a name holds, it cannot run.
 */

/** Gives strings their constants. */
export class NameTable {
  readonly #indexes = new Map<string, number>();

  /** The constant that holds a string in emitted code. */
  constantOf(name: string): string {
    let index = this.#indexes.get(name);
    if (index === undefined) this.#indexes.set(name, (index = this.#indexes.size));
    return `n${index}`;
  }

  /** The strings, in the order of their constants. */
  get names(): readonly string[] {
    return [...this.#indexes.keys()];
  }

  /** Declares all constants, given the table as `N`. */
  declaration(): string {
    if (this.#indexes.size === 0) return '';
    return `const[${[...this.#indexes.values()].map((index) => `n${index}`).join(',')}]=N;`;
  }
}

/** A WIT name as JavaScript spells it: `utc-offset` → `utcOffset`, `TLS-alert` → `tlsAlert`. */
export function camelCase(name: string): string {
  const [first = '', ...rest] = name.toLowerCase().split('-');
  return first + rest.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}
