/**
 * What a walk over handles must look like by the specification: one table of handles for all resource
 * types, the place freed last is used first.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#table-state
 */
import type { Stride } from './resource-walk.ts';

interface Resource {
  readonly kind: 'counter' | 'thing';
  readonly number: number;
}

class HandleTrap extends Error {
  override readonly name = 'HandleTrap';
}

/** Walks. @returns The lines that `walk` gives for an engine. */
export function referenceWalk(strides: readonly Stride[]): string[] {
  const model = new HandleModel();
  for (const stride of strides) if (!model.take(stride)) break;
  return model.lines;
}

class HandleModel {
  readonly lines: string[] = [];
  /** Counters that the host ever got; undefined: it has given it away. */
  readonly #counters: (Resource | undefined)[] = [];
  readonly #table: (Resource | undefined)[] = [undefined];
  readonly #free: number[] = [];
  #things = 0;

  /** @returns Whether the walk goes on. */
  take(stride: Stride): boolean {
    const { step, number, lent, given } = stride;
    const known = this.#counters.length;
    if ([lent, given].some((index) => index !== undefined && index >= known)) return true;
    this.lines.push(`${step} ${number} ${lent ?? ''} ${given ?? ''}`);
    try {
      const told = this.#step(stride);
      const got = this.#counters.length > known ? ' and a counter' : '';
      this.lines.push(`gives ${told}${got}`);
      return true;
    } catch (error) {
      if (!(error instanceof HandleTrap)) throw error;
      this.lines.push('trap');
      return false;
    }
  }

  #step({ step, number, lent, given }: Stride): number {
    switch (step) {
      case 'make':
        this.#counters.push({ kind: 'counter', number });
        // The guest's handle was there for a moment, at a place that is free again.
        this.#remove(this.#insert({ kind: 'counter', number }), 'counter');
        return 0;
      case 'look':
        return this.#ofHost(lent).number;
      case 'take':
        return this.#destroy(this.#lower(given)).number;
      case 'keep':
        return this.#lower(given);
      case 'return':
        this.#counters.push(this.#remove(this.#lower(given), 'counter'));
        return 0;
      case 'make-and-drop':
        this.#destroy(this.#insert({ kind: 'counter', number }));
        return 0;
      case 'rep-of-handle':
        return this.#get(number, 'counter').number;
      case 'drop-handle':
        this.#destroy(number);
        return 0;
      case 'give-handle':
        this.#counters.push(this.#remove(number, 'counter'));
        return 0;
      case 'get-thing':
        return this.#insert({ kind: 'thing', number: (this.#things += 1) });
      case 'drop-thing-handle':
        this.lines.push(`thing ${this.#remove(number, 'thing').number} dropped`);
        return 0;
      case 'show-thing-handle': {
        const thing = this.#get(number, 'thing');
        this.lines.push(`thing ${thing.number} shown`);
        return thing.number;
      }
      case 'send-thing-handle':
        this.lines.push(`thing ${this.#remove(number, 'thing').number} sent`);
        return 0;
      case 'lend-and-send-thing-handle':
        throw new HandleTrap();
      case 'host-drops':
        return this.#hostDrops(given);
    }
  }

  #hostDrops(index = 0): number {
    const counter = this.#counters[index];
    this.#counters[index] = undefined;
    if (counter !== undefined) this.lines.push(`counter ${counter.number} destroyed`);
    return 0;
  }

  #ofHost(index = 0): Resource {
    const counter = this.#counters[index];
    if (counter === undefined) throw new HandleTrap();
    return counter;
  }

  /** The host gives a counter away; the guest gets a handle. */
  #lower(index = 0): number {
    const counter = this.#ofHost(index);
    this.#counters[index] = undefined;
    return this.#insert(counter);
  }

  #destroy(handle: number): Resource {
    const counter = this.#remove(handle, 'counter');
    this.lines.push(`counter ${counter.number} destroyed`);
    return counter;
  }

  #insert(resource: Resource): number {
    const handle = this.#free.pop() ?? this.#table.length;
    this.#table[handle] = resource;
    return handle;
  }

  #get(handle: number, kind: Resource['kind']): Resource {
    const found = this.#table[handle];
    if (found?.kind !== kind) throw new HandleTrap();
    return found;
  }

  #remove(handle: number, kind: Resource['kind']): Resource {
    const found = this.#get(handle, kind);
    this.#table[handle] = undefined;
    this.#free.push(handle);
    return found;
  }
}
