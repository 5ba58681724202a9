/**
 * A host for rewritten public programs: memories with the bounds that they ask for, every growth granted, and an
 * epoch that stands, or moves on before each check.
 */
import {
  isReservedExport,
  type HostMemory,
  type ModuleContract,
} from '../../../host/wasm/module-contract.ts';

/** What the checks find: `still`, that nothing is due; `tick`, that the guest is to yield, every `everyChecks` checks. */
export type Epoch = 'still' | { readonly everyChecks: number };

/** What happened at the checks of an instance. */
export interface CheckCounts {
  expired: number;
  yielded: number;
  nested: number;
}

/** An instance, without what the rewriting added. */
export interface HostedInstance {
  readonly exports: Readonly<Record<string, WebAssembly.ExportValue>>;
  readonly memories: readonly WebAssembly.Memory[];
}

/** Gives instances what the rewriting has them import. */
export class RewrittenHost {
  readonly counts: CheckCounts = { expired: 0, yielded: 0, nested: 0 };
  readonly #checks: Readonly<Record<string, WebAssembly.ExportValue>>;

  constructor(epoch: Epoch) {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const everyChecks = epoch === 'still' ? Infinity : epoch.everyChecks;
    new Int32Array(memory.buffer)[0] = epoch === 'still' ? 0 : 1;
    const { counts } = this;
    this.#checks = {
      epoch: memory,
      expired: () => {
        counts.expired += 1;
        return counts.expired % everyChecks === 0 ? 1 : 0;
      },
      yield: new WebAssembly.Suspending(() => {
        counts.yielded += 1;
        return Promise.resolve();
      }) as unknown as () => void,
      nested: () => {
        counts.nested += 1;
      },
    };
  }

  /** Instantiates a module and runs its start function. */
  instantiate(
    module: WebAssembly.Module,
    contract: ModuleContract,
    given: WebAssembly.Imports,
  ): HostedInstance {
    const fields: Record<string, WebAssembly.ExportValue> = {
      ...this.#checks,
      chargeTable: () => 1,
    };
    const memories = contract.memories.map((memory) => {
      const object = findMemory(memory, given) ?? createMemory(memory);
      if (memory.importName !== undefined) fields[memory.importName] = object;
      if (memory.growName !== undefined) fields[memory.growName] = createGrow(object, memory.is64);
      return object;
    });
    const instance = new WebAssembly.Instance(module, { ...given, 'faas:host': fields });
    const start = contract.start === undefined ? undefined : instance.exports[contract.start];
    if (typeof start === 'function') start();
    const own = Object.entries(instance.exports).filter(([name]) => !isReservedExport(name));
    return { exports: Object.fromEntries(own), memories };
  }
}

function findMemory(
  memory: HostMemory,
  given: WebAssembly.Imports,
): WebAssembly.Memory | undefined {
  if (memory.from === undefined) return undefined;
  const found = given[memory.from[0]]?.[memory.from[1]];
  return found instanceof WebAssembly.Memory ? found : undefined;
}

function createMemory({ minPages, maxPages, is64 }: HostMemory): WebAssembly.Memory {
  const initial = is64 ? BigInt(minPages) : minPages;
  const maximum = is64 && maxPages !== undefined ? BigInt(maxPages) : maxPages;
  const descriptor = {
    initial,
    ...(maximum === undefined ? {} : { maximum }),
    ...(is64 ? { address: 'i64' } : {}),
  };
  return new WebAssembly.Memory(descriptor as never);
}

function createGrow(memory: WebAssembly.Memory, is64: boolean): (pages: never) => unknown {
  return (pages) => {
    // As the instruction has it: a number without sign.
    const wanted: unknown = is64 ? BigInt.asUintN(64, pages) : pages >>> 0;
    try {
      return memory.grow(wanted as never);
    } catch {
      return is64 ? -1n : -1;
    }
  };
}
