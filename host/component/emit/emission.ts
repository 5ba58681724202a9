/**
 * What the parts of the emitter share: the plan, its types and names, and the functions of the script
 * that do not depend on an instance (one for each type that goes through memory).
 */
import { HostError } from '../../base/errors.ts';
import type { CanonOptions, Plan } from '../plan.ts';
import { TypeTable, type TypeInfo } from './layout.ts';
import { NameTable } from './name-table.ts';

/** Where a piece of emitted code lifts or lowers values. */
export interface Scope {
  /** Expression of the `GuestMemory`. */
  readonly memory: string;
  /** Expression of the `ComponentState`. */
  readonly state: string;
  /** Component instance whose values these are. */
  readonly component: number;
  readonly encoding: CanonOptions['encoding'];
  /** `host`: results throw and resources are objects; `adapter`: another component takes the values. */
  readonly boundary: 'host' | 'adapter';
}

/** One emission. */
export class Emission {
  readonly plan: Plan;
  readonly names = new NameTable();
  readonly types: TypeTable;
  /** Whether anything of the asynchronous ABI is used, so that component instances need state for it. */
  usesAsync = false;
  readonly #functions = new Map<string, { readonly name: string; source: string }>();
  readonly #constants = new Map<string, string>();

  constructor(plan: Plan) {
    this.plan = plan;
    this.types = new TypeTable((resource) => this.isOwnResource(resource));
  }

  /** Whether a component defines the resource, so that its representation is a number. */
  isOwnResource(resource: number): boolean {
    return this.plan.resources[resource]?.kind === 'own';
  }

  /**
   * A stream or future passes between component and host.
   *
   * @returns Which of the two.
   * @throws {unsupported_by_native} If it is a stream of something else than bytes.
   */
  checkEnd({ type, payload }: TypeInfo): 'stream' | 'future' {
    this.usesAsync = true;
    if (type.kind === 'future') return 'future';
    if (payload?.type.kind === 'u8') return 'stream';
    throw new HostError('unsupported_by_native', {
      reason: 'streams of other values than bytes between component and host',
    });
  }

  /** Component instance that defines the resource, if one does. */
  definerOf(resource: number): number | undefined {
    const found = this.plan.resources[resource];
    return found?.kind === 'own' ? found.component : undefined;
  }

  /**
   * Name of the function that does something with a type, emitted when it is first asked for.
   *
   * @param prefix What it does, one letter.
   * @param emit Gives its parameters and body; `scope` is that of the function.
   */
  functionFor(
    prefix: string,
    info: TypeInfo,
    scope: Scope,
    emit: (inner: Scope) => string,
  ): string {
    const depends = info.hasOwnResource ? `${scope.boundary}${scope.component}` : '';
    const key = `${prefix}${info.id}/${scope.encoding}/${depends}`;
    let known = this.#functions.get(key);
    if (known === undefined) {
      known = { name: `${prefix}${this.#functions.size}`, source: '' };
      this.#functions.set(key, known);
      const source = emit({ ...scope, memory: 'c', state: 'c.state' });
      known.source = `function ${known.name}${source}`;
    }
    return known.name;
  }

  /** A frozen array of a type's names. */
  namesConstant(names: readonly string[]): string {
    const list = names.map((name) => this.names.constantOf(name)).join(',');
    let constant = this.#constants.get(list);
    if (constant === undefined) {
      constant = `l${this.#constants.size}`;
      this.#constants.set(list, constant);
    }
    return constant;
  }

  /** Everything of the script that does not depend on an instance. */
  sharedSource(): string {
    const lists = [...this.#constants].map(([list, constant]) => `const ${constant}=[${list}];\n`);
    const functions = [...this.#functions.values()].map(({ source }) => `${source}\n`);
    return [...lists, ...functions].join('');
  }
}
