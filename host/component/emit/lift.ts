/**
 * Emits the lifting of values: core values or memory of a guest → values of the host (or, between two
 * components, the values in between, which are the same but for resources).
 */
import type { Emission, Scope } from './emission.ts';
import { FunctionBody } from './function-body.ts';
import type { CoreType, TypeInfo } from './layout.ts';
import { camelCase } from './name-table.ts';
import {
  NUMBER_ARRAYS,
  at,
  fromJoined,
  isScalar,
  liftScalar,
  loadScalar,
  loadUnsigned,
} from './scalars.ts';

/** A core value in emitted code. */
export interface CoreValue {
  readonly expression: string;
  readonly type: CoreType;
}

/** Lifts values in one scope. */
export class Lifter {
  readonly #emission: Emission;
  readonly #scope: Scope;
  /** Whether borrowed handles are marked as lent: needed where an owned handle may follow. */
  readonly #lends: boolean;

  constructor(emission: Emission, scope: Scope, lends = false) {
    this.#emission = emission;
    this.#scope = scope;
    this.#lends = lends;
  }

  /**
   * Lifts a value from core values.
   *
   * @param core Its flat form, exactly.
   * @returns An expression without effects.
   */
  fromFlat(body: FunctionBody, info: TypeInfo, core: readonly CoreValue[]): string {
    const { type } = info;
    const first = core[0]?.expression ?? '0';
    const second = core[1]?.expression ?? '0';
    if (isScalar(info)) return body.keep(liftScalar(info, first, this.#namesOf(info)));
    if (type.kind === 'string') return body.keep(this.#liftText(first, second));
    if (type.kind === 'list') return body.keep(this.#liftList(info, first, second));
    if (type.kind === 'own' || type.kind === 'borrow') {
      return body.keep(this.#liftHandle(type, first));
    }
    if (type.kind === 'stream' || type.kind === 'future') {
      return body.keep(this.#liftEnd(info, first));
    }
    if (type.kind === 'flags') return body.keep(flagsObject(this.#emission, type.names, first));
    if (type.kind !== 'record' && type.kind !== 'tuple') {
      return this.#variantFromFlat(body, info, core);
    }
    let next = 0;
    const values = info.parts.map((part) => {
      if (part === undefined) return 'undefined';
      const start = next;
      next += part.flat.length;
      return this.fromFlat(body, part, core.slice(start, next));
    });
    return body.keep(this.#compose(info, values));
  }

  /** Expression that lifts a value from memory; `position` is within bounds and aligned. */
  fromMemory(info: TypeInfo, position: string): string {
    const { type } = info;
    const { memory } = this.#scope;
    if (isScalar(info)) return loadScalar(info, memory, position, this.#namesOf(info));
    const first = `${memory}.view.getUint32(${position},true)`;
    const second = `${memory}.view.getUint32(${position}+4,true)`;
    if (type.kind === 'string') return this.#liftText(first, second);
    if (type.kind === 'list') return this.#liftList(info, first, second);
    if (type.kind === 'own' || type.kind === 'borrow') return this.#liftHandle(type, first);
    if (type.kind === 'stream' || type.kind === 'future') return this.#liftEnd(info, first);
    return `${this.#loader(info)}(${memory},${position})`;
  }

  /**
   * Expression that lifts the payload of a case.
   *
   * @param payload Undefined if the case has none.
   */
  payloadFromMemory(payload: TypeInfo | undefined, position: string): string {
    return payload === undefined ? 'undefined' : this.fromMemory(payload, position);
  }

  /** Lifts the payload of a case from the joined core values after the discriminant. */
  payloadFromFlat(
    body: FunctionBody,
    payload: TypeInfo | undefined,
    joined: readonly CoreValue[],
  ): string {
    if (payload === undefined) return 'undefined';
    const own = payload.flat.map((type, index): CoreValue => {
      const { expression, type: have } = joined[index] ?? { expression: '0', type };
      return { expression: fromJoined(expression, have, type), type };
    });
    return this.fromFlat(body, payload, own);
  }

  #variantFromFlat(body: FunctionBody, info: TypeInfo, core: readonly CoreValue[]): string {
    const [discriminant, ...joined] = core;
    const result = body.name();
    body.add(`let ${result};`);
    const subject = discriminant?.expression ?? '0';
    body.choose(
      subject,
      info.parts.map((payload, index) => ({
        label: `${index}`,
        body: () => {
          const value = this.payloadFromFlat(body, payload, joined);
          body.add(`${result}=${this.#composeCase(info, index, value)};`);
        },
      })),
      `badCase(${subject})`,
    );
    return result;
  }

  /** The function that lifts a compound type from memory. */
  #loader(info: TypeInfo): string {
    return this.#emission.functionFor(this.#lends ? 'K' : 'L', info, this.#scope, (inner) => {
      const lifter = new Lifter(this.#emission, inner, this.#lends);
      return `(c,p){${lifter.#loaderBody(info)}}`;
    });
  }

  #loaderBody(info: TypeInfo): string {
    const { type, parts, offsets, discriminantBytes } = info;
    const { memory } = this.#scope;
    if (type.kind === 'flags') {
      const flags = loadUnsigned(memory, info.size, 'p');
      return `const f=${flags};return${flagsObject(this.#emission, type.names, 'f')}`;
    }
    if (type.kind === 'record' || type.kind === 'tuple') {
      const values = parts.map((part, index) =>
        this.payloadFromMemory(part, at('p', offsets[index] ?? 0)),
      );
      return `return${this.#compose(info, values)}`;
    }
    const body = new FunctionBody();
    body.add(`const d=${loadUnsigned(memory, discriminantBytes, 'p')};`);
    body.choose(
      'd',
      parts.map((payload, index) => ({
        label: `${index}`,
        body: () => {
          const value = this.payloadFromMemory(payload, at('p', offsets[index] ?? 0));
          body.add(`return ${this.#composeCase(info, index, value)};`);
        },
      })),
      'badCase(d)',
    );
    return body.toString();
  }

  #liftText(pointer: string, length: string): string {
    return `${this.#scope.memory}.lift${encodingName(this.#scope)}(${pointer},${length})`;
  }

  #liftList(info: TypeInfo, pointer: string, count: string): string {
    const { memory } = this.#scope;
    const element = info.parts[0];
    if (element === undefined) throw new Error('a list without an element type');
    if (element.type.kind === 'u8') return `${memory}.liftBytes(${pointer},${count})`;
    const array = NUMBER_ARRAYS[element.type.kind];
    if (array !== undefined) {
      return `${memory}.liftNumbers(${array},${element.size},${pointer},${count})`;
    }
    const lift = this.#emission.functionFor(this.#lends ? 'C' : 'A', info, this.#scope, (inner) => {
      const lifter = new Lifter(this.#emission, inner, this.#lends);
      const one = lifter.fromMemory(element, `p+i*${element.size}`);
      const { size, align } = element;
      return `(c,p,n){p=c.checkList(p,n,${size},${align});n>>>=0;const r=[];for(let i=0;i<n;i++)r.push(${one});return r}`;
    });
    return `${lift}(${memory},${pointer},${count})`;
  }

  #liftHandle(
    { kind, resource }: { readonly kind: 'own' | 'borrow'; readonly resource: number },
    handle: string,
  ): string {
    const { state, boundary } = this.#scope;
    const method = kind === 'own' ? 'take' : this.#lends ? 'lend' : 'get';
    const value = `${state}.${method}(${handle},${resource})`;
    if (boundary === 'adapter' || !this.#emission.isOwnResource(resource)) return value;
    return `new Own(${state}.instance,${resource},${value},${kind === 'own'})`;
  }

  #liftEnd(info: TypeInfo, handle: string): string {
    const method = this.#emission.checkEnd(info) === 'stream' ? 'liftStream' : 'liftFuture';
    return `${this.#scope.state}.async.${method}(${handle},${info.id})`;
  }

  /** A record or tuple of its parts. */
  #compose({ type }: TypeInfo, values: readonly string[]): string {
    if (type.kind !== 'record') return `[${values.join(',')}]`;
    const fields = type.fields.map(({ name }, index) => {
      const key = this.#emission.names.constantOf(camelCase(name));
      return `[${key}]:${values[index] ?? 'undefined'}`;
    });
    return `({${fields.join(',')}})`;
  }

  /** A variant, option or result of one of its payloads. */
  #composeCase({ type, parts }: TypeInfo, index: number, value: string): string {
    if (type.kind === 'result') return `{tag:'${index === 0 ? 'ok' : 'err'}',val:${value}}`;
    if (type.kind === 'option') {
      if (type.some.kind !== 'option') return value;
      return index === 0 ? `{tag:'none'}` : `{tag:'some',val:${value}}`;
    }
    const name = type.kind === 'variant' ? (type.cases[index]?.name ?? '') : '';
    const tag = this.#emission.names.constantOf(name);
    return parts[index] === undefined ? `{tag:${tag}}` : `{tag:${tag},val:${value}}`;
  }

  #namesOf({ type }: TypeInfo): string {
    return type.kind === 'enum' ? this.#emission.namesConstant(type.names) : '';
  }
}

/** Part of the names of `GuestMemory`'s methods for strings. */
export function encodingName({ encoding }: Scope): string {
  return encoding === 'utf8' ? 'Utf8' : encoding === 'utf16' ? 'Utf16' : 'Latin1OrUtf16';
}

function flagsObject(emission: Emission, names: readonly string[], bits: string): string {
  const fields = names.map((name, index) => {
    const key = emission.names.constantOf(camelCase(name));
    return `[${key}]:(${bits}&${2 ** index})!==0`;
  });
  return `({${fields.join(',')}})`;
}
