/** The statements of one emitted function, and names for its variables. */
import { HostError } from '../../base/errors.ts';

/** Most characters of one function; that of the largest type of WASI takes 5,000. Variants in variants multiply. */
const MAX_LENGTH = 1024 * 1024;

/** Collects statements. */
export class FunctionBody {
  readonly #statements: string[] = [];
  readonly #prefix: string;
  #variables = 0;
  #length = 0;

  /** @param prefix Letter its variables begin with; bodies that become one function need different ones. */
  constructor(prefix: 'v' | 'w' = 'v') {
    this.#prefix = prefix;
  }

  /** Adds a statement, with its semicolon or braces. */
  add(statement: string): void {
    this.#length += statement.length;
    if (this.#length > MAX_LENGTH) {
      throw new HostError('wasm_too_complex', {
        what: 'characters of generated code for one function',
        limit: MAX_LENGTH,
      });
    }
    this.#statements.push(statement);
  }

  /** Adds a constant; gives its name. */
  keep(expression: string): string {
    const name = this.name();
    this.add(`const ${name}=${expression};`);
    return name;
  }

  /** A variable name that no other has; it is not declared. */
  name(): string {
    this.#variables += 1;
    return `${this.#prefix}${this.#variables}`;
  }

  /**
   * Adds a `switch` over a discriminant or name.
   *
   * @param cases For each what its label is and what adds its statements.
   * @param otherwise Statement if no label matches.
   */
  choose(
    subject: string,
    cases: readonly { readonly label: string; readonly body: () => void }[],
    otherwise: string,
  ): void {
    this.add(`switch(${subject}){`);
    for (const { label, body } of cases) {
      this.add(`case ${label}:{`);
      body();
      this.add('break}');
    }
    this.add(`default:${otherwise}}`);
  }

  /** The source. */
  toString(): string {
    return this.#statements.join('');
  }
}
