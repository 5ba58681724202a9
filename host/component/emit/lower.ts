/**
 * Emits the lowering of values: values of the host → core values or memory of a guest.
 *
 * Room for strings and lists comes from the guest's allocator, which may grow its memory; so the view is
 * read anew after each allocation, never kept across one.
 */
import type { Emission, Scope } from './emission.ts';
import { FunctionBody } from './function-body.ts';
import type { CoreType, TypeInfo } from './layout.ts';
import { encodingName } from './lift.ts';
import { camelCase } from './name-table.ts';
import {
  NUMBER_ARRAYS,
  at,
  isScalar,
  lowerScalar,
  storeScalar,
  storeUnsigned,
  toJoined,
} from './scalars.ts';

/** Lowers values in one scope. */
export class Lowerer {
  readonly #emission: Emission;
  readonly #scope: Scope;

  constructor(emission: Emission, scope: Scope) {
    this.#emission = emission;
    this.#scope = scope;
  }

  /**
   * Lowers a value to core values.
   *
   * @param value An expression without effects.
   * @returns Expressions of its flat form, without effects.
   */
  toFlat(body: FunctionBody, info: TypeInfo, value: string): string[] {
    const { type } = info;
    const { memory } = this.#scope;
    if (isScalar(info)) return [body.keep(lowerScalar(info, value, this.#namesOf(info)))];
    if (type.kind === 'string' || type.kind === 'list') {
      const pointer = body.keep(this.#lowerSequence(info, value));
      return [pointer, body.keep(`${memory}.length`)];
    }
    if (type.kind === 'own' || type.kind === 'borrow') {
      return [body.keep(this.#lowerHandle(type, value))];
    }
    if (type.kind === 'stream' || type.kind === 'future') {
      return [body.keep(this.#lowerEnd(info, value))];
    }
    if (type.kind === 'flags') return [body.keep(this.#flagBits(type.names, value))];
    if (type.kind !== 'record' && type.kind !== 'tuple') {
      return this.#variantToFlat(body, info, value);
    }
    return info.parts.flatMap((part, index) =>
      part === undefined
        ? []
        : this.toFlat(body, part, body.keep(this.#partOf(info, index, value))),
    );
  }

  /** Adds statements that lower a value to memory; `position` is within bounds and aligned. */
  toMemory(body: FunctionBody, info: TypeInfo, position: string, value: string): void {
    const { type } = info;
    const { memory } = this.#scope;
    if (isScalar(info)) {
      body.add(storeScalar(info, memory, position, value, this.#namesOf(info)));
    } else if (type.kind === 'string' || type.kind === 'list') {
      const pointer = body.keep(this.#lowerSequence(info, value));
      body.add(`${memory}.storePair(${position},${pointer});`);
    } else if (type.kind === 'own' || type.kind === 'borrow') {
      body.add(storeUnsigned(memory, 4, position, this.#lowerHandle(type, value)));
    } else if (type.kind === 'stream' || type.kind === 'future') {
      body.add(storeUnsigned(memory, 4, position, this.#lowerEnd(info, value)));
    } else {
      body.add(`${this.#storer(info)}(${memory},${position},${value});`);
    }
  }

  /** Lowers the payload of a case to the joined core values after the discriminant, by assignment. */
  payloadToFlat(
    body: FunctionBody,
    payload: TypeInfo | undefined,
    value: string,
    targets: readonly { readonly name: string; readonly type: CoreType }[],
  ): void {
    if (payload === undefined) return;
    for (const [index, expression] of this.toFlat(body, payload, value).entries()) {
      const target = targets[index];
      const have = payload.flat[index];
      if (target === undefined || have === undefined) continue;
      body.add(`${target.name}=${toJoined(expression, have, target.type)};`);
    }
  }

  #variantToFlat(body: FunctionBody, info: TypeInfo, value: string): string[] {
    const targets = info.flat.map((type) => ({ name: body.name(), type }));
    for (const { name, type } of targets) body.add(`let ${name}=${type === 'i64' ? '0n' : '0'};`);
    const [discriminant, ...joined] = targets;
    this.#chooseCase(body, info, value, (index, payload) => {
      if (index > 0) body.add(`${discriminant?.name ?? ''}=${index};`);
      this.payloadToFlat(body, info.parts[index], payload, joined);
    });
    return targets.map(({ name }) => name);
  }

  /** The function that lowers a compound type to memory. */
  #storer(info: TypeInfo): string {
    return this.#emission.functionFor('S', info, this.#scope, (inner) => {
      const body = new FunctionBody();
      new Lowerer(this.#emission, inner).#storerBody(body, info);
      return `(c,p,v){${body.toString()}}`;
    });
  }

  #storerBody(body: FunctionBody, info: TypeInfo): void {
    const { type, parts, offsets, discriminantBytes } = info;
    const { memory } = this.#scope;
    if (type.kind === 'flags') {
      body.add(storeUnsigned(memory, info.size, 'p', this.#flagBits(type.names, 'v')));
      return;
    }
    if (type.kind === 'record' || type.kind === 'tuple') {
      for (const [index, part] of parts.entries()) {
        if (part === undefined) continue;
        const value = body.keep(this.#partOf(info, index, 'v'));
        this.toMemory(body, part, at('p', offsets[index] ?? 0), value);
      }
      return;
    }
    this.#chooseCase(body, info, 'v', (index, payload) => {
      body.add(storeUnsigned(memory, discriminantBytes, 'p', `${index}`));
      const part = parts[index];
      if (part !== undefined) this.toMemory(body, part, at('p', offsets[index] ?? 0), payload);
    });
  }

  /** Adds statements that find out which case a value is, and what is to be done for each. */
  #chooseCase(
    body: FunctionBody,
    { type, parts }: TypeInfo,
    value: string,
    lower: (index: number, payload: string) => void,
  ): void {
    if (type.kind === 'option' && type.some.kind !== 'option') {
      body.add(`if(${value}===undefined||${value}===null){`);
      lower(0, '');
      body.add('}else{');
      lower(1, value);
      body.add('}');
      return;
    }
    const tags =
      type.kind === 'variant'
        ? type.cases.map(({ name }) => this.#emission.names.constantOf(name))
        : type.kind === 'option'
          ? [`'none'`, `'some'`]
          : [`'ok'`, `'err'`];
    body.choose(
      `${value}.tag`,
      tags.map((label, index) => ({
        label,
        body: () => lower(index, parts[index] === undefined ? '' : body.keep(`${value}.val`)),
      })),
      'unknownCase()',
    );
  }

  /** Expression that lowers a string or list and gives its pointer; its length is in the memory's `length`. */
  #lowerSequence(info: TypeInfo, value: string): string {
    const { memory } = this.#scope;
    if (info.type.kind === 'string') {
      return `${memory}.lower${encodingName(this.#scope)}(${value})`;
    }
    const element = info.parts[0];
    if (element === undefined) throw new Error('a list without an element type');
    if (element.type.kind === 'u8') return `${memory}.lowerBytes(${value})`;
    const array = NUMBER_ARRAYS[element.type.kind];
    if (array !== undefined) return `${memory}.lowerNumbers(${array},${element.size},${value})`;
    const lower = this.#emission.functionFor('B', info, this.#scope, (inner) => {
      const body = new FunctionBody();
      new Lowerer(this.#emission, inner).toMemory(body, element, `p+i*${element.size}`, 'v[i]');
      const { size, align } = element;
      return `(c,v){const n=c.lowerListLength(v),p=c.allocate(n*${size},${align});for(let i=0;i<n;i++){${body.toString()}}c.length=n;return p}`;
    });
    return `${lower}(${memory},${value})`;
  }

  #lowerHandle(
    { kind, resource }: { readonly kind: 'own' | 'borrow'; readonly resource: number },
    value: string,
  ): string {
    const { state, boundary, component } = this.#scope;
    const isOwn = this.#emission.isOwnResource(resource);
    const take = kind === 'own' ? 'take' : 'borrow';
    const representation =
      isOwn && boundary === 'host' ? `Own.${take}(${value},${state}.instance,${resource})` : value;
    if (kind === 'own') return `${state}.add(${resource},${representation})`;
    // A component gets the representation of what it defines itself, without a handle.
    if (this.#emission.definerOf(resource) === component) return representation;
    return `${state}.addBorrowed(${resource},${representation})`;
  }

  #lowerEnd(info: TypeInfo, value: string): string {
    const method = this.#emission.checkEnd(info) === 'stream' ? 'lowerStream' : 'lowerFuture';
    return `${this.#scope.state}.async.${method}(${value},${info.id})`;
  }

  #partOf({ type }: TypeInfo, index: number, value: string): string {
    if (type.kind !== 'record') return `${value}[${index}]`;
    const name = camelCase(type.fields[index]?.name ?? '');
    return `${value}[${this.#emission.names.constantOf(name)}]`;
  }

  #flagBits(names: readonly string[], value: string): string {
    const bits = names.map((name, index) => {
      const key = this.#emission.names.constantOf(camelCase(name));
      return `(${value}[${key}]?${2 ** index}:0)`;
    });
    return `(${bits.join('|')})`;
  }

  #namesOf({ type }: TypeInfo): string {
    return type.kind === 'enum' ? this.#emission.namesConstant(type.names) : '';
  }
}
