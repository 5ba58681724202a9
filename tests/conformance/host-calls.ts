/**
 * Writes down which functions of the host a guest calls, in order, whichever engine runs it: the host's own functions and
 * methods are replaced by ones that note their name first. For a test file of its own: nothing is put back.
 */
import { camelCase } from '../../host/component/emit/name-table.ts';
import type { HostFunction, HostInterface } from '../../host/component/host-interface.ts';

/** A method that is called for the same function of WIT, with memory in place of values. */
const ON_MEMORY = /OnMemory$/;

/** Calls of guests, in order: `environment.get-environment`, `output-stream.write`. */
export class HostCalls {
  #calls: string[] = [];
  /** Calls under way: what the host calls itself is no call of a guest. */
  #depth = 0;

  /** Starts to write down calls of these interfaces. */
  constructor(interfaces: readonly HostInterface[]) {
    const seen = new Set<object>();
    for (const { name, functions, functionsOnMemory = {}, resources } of interfaces) {
      const short = name.slice(name.indexOf('/') + 1);
      for (const own of [functions, functionsOnMemory] as Record<string, HostFunction>[]) {
        if (seen.has(own)) continue;
        seen.add(own);
        for (const [key, target] of Object.entries(own)) {
          own[key] = this.#noting(`${short}.${camelCase(key)}`, target);
        }
      }
      for (const [resource, { prototype }] of Object.entries(resources)) {
        if (seen.has(prototype as object)) continue;
        seen.add(prototype as object);
        this.#replaceMethods(resource, prototype as object);
      }
    }
  }

  /** What was called since it was taken last. */
  take(): readonly string[] {
    return this.#calls.splice(0);
  }

  #replaceMethods(resource: string, prototype: object): void {
    for (const key of Object.getOwnPropertyNames(prototype)) {
      const property = Object.getOwnPropertyDescriptor(prototype, key);
      if (key === 'constructor' || typeof property?.value !== 'function') continue;
      const name = `${resource}.${key.replace(ON_MEMORY, '')}`;
      const value = this.#noting(name, property.value as HostFunction);
      Object.defineProperty(prototype, key, { ...property, value });
    }
  }

  #noting(name: string, target: HostFunction): HostFunction {
    const enter = (): void => {
      if (this.#depth === 0) this.#calls.push(name);
      this.#depth += 1;
    };
    const leave = (): void => void (this.#depth -= 1);
    return function noting(this: unknown, ...parameters: unknown[]): unknown {
      enter();
      try {
        return Reflect.apply(target, this, parameters);
      } finally {
        leave();
      }
    } as HostFunction;
  }
}
