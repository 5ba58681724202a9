/**
 * Types as WAT. Records, variants, enums and flags must have names in a component: they get one in the
 * imported instance, and the rest of the component means them by an alias.
 */
import type { FunctionType, ValueType } from '../../host/component/plan.ts';

/** Name of the resource that `own` and `borrow` mean. */
export const RESOURCE = 'thing';

/** Collects the types that need names. */
export class TypeText {
  readonly #declarations: string[] = [];
  readonly #names: string[] = [];
  readonly #known = new Map<ValueType, string>();

  /** Text of an instance type's declarations: every type that was asked for. */
  get declarations(): string {
    return this.#declarations.join('\n    ');
  }

  /** Aliases for the rest of the component. @param instance Name of the imported instance. */
  aliases(instance: string): string {
    return this.#names
      .map((name) => `(alias export $${instance} "${name}" (type $${name}))`)
      .join('\n  ');
  }

  /** Exports of the aliased types, for an instance that another component imports. */
  get exports(): string {
    return this.#names.map((name) => `(export "${name}" (type $${name}))`).join(' ');
  }

  /** A function's parameters and result. */
  signature({ parameters, result }: FunctionType): string {
    const texts = parameters.map(({ name, type }) => `(param "${name}" ${this.of(type)})`);
    return [...texts, ...(result === undefined ? [] : [`(result ${this.of(result)})`])].join(' ');
  }

  /** Declares the resource; before any type that means it. */
  declareResource(): void {
    this.#declarations.push(`(export "${RESOURCE}" (type $${RESOURCE} (sub resource)))`);
    this.#names.push(RESOURCE);
  }

  /** A type where one is used. */
  of(type: ValueType): string {
    if (type.kind === 'list') return `(list ${this.of(type.element)})`;
    if (type.kind === 'tuple')
      return `(tuple ${type.items.map((item) => this.of(item)).join(' ')})`;
    if (type.kind === 'option') return `(option ${this.of(type.some)})`;
    if (type.kind === 'own' || type.kind === 'borrow') return `(${type.kind} $${RESOURCE})`;
    if (type.kind === 'result') {
      const ok = type.ok === undefined ? '' : ` ${this.of(type.ok)}`;
      const err = type.err === undefined ? '' : ` (error ${this.of(type.err)})`;
      return `(result${ok}${err})`;
    }
    if (type.kind === 'record') {
      const field = (name: string, part: ValueType): string => `(field "${name}" ${this.of(part)})`;
      return this.#named(type, () => type.fields.map((one) => field(one.name, one.type)));
    }
    if (type.kind === 'variant') {
      const payload = (part: ValueType | undefined): string =>
        part === undefined ? '' : ` ${this.of(part)}`;
      return this.#named(type, () =>
        type.cases.map((one) => `(case "${one.name}"${payload(one.type)})`),
      );
    }
    if (type.kind === 'enum' || type.kind === 'flags') {
      return this.#named(type, () => type.names.map((name) => `"${name}"`));
    }
    return type.kind;
  }

  #named(type: ValueType, parts: () => readonly string[]): string {
    const known = this.#known.get(type);
    if (known !== undefined) return known;
    // The parts first: what they name must be declared before.
    const text = `(${type.kind} ${parts().join(' ')})`;
    const name = `t${this.#names.length}`;
    this.#names.push(name);
    this.#declarations.push(
      `(type $${name}-structure ${text})`,
      `(export "${name}" (type $${name} (eq $${name}-structure)))`,
    );
    this.#known.set(type, `$${name}`);
    return `$${name}`;
  }
}
