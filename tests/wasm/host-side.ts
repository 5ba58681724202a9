/** A host for rewritten modules in tests: memories that exist for real, and functions that note what was asked. */
import { UNWRITTEN_MARK } from '../../host/wasm/low-water-mark.ts';
import type { RewrittenModule } from '../../host/wasm/rewrite-core-module.ts';

export type Call = (...parameters: unknown[]) => unknown;

/** What it may do. */
export interface HostRules {
  /** What the module imports from others. */
  readonly given?: WebAssembly.Imports;
  /** Most pages or entries granted at once. */
  readonly limit?: number;
  /** What `expired`, `yield` and `nested` do; nothing if left out. */
  readonly expired?: () => number;
  readonly yield?: () => unknown;
  readonly nested?: () => void;
}

/** A running module. */
export interface Running {
  /** What it asked of the host, in order. */
  readonly asked: readonly { readonly name: string; readonly amount: unknown }[];
  /** Memories of its contract, in order. */
  readonly memories: readonly WebAssembly.Memory[];
  readonly imports: WebAssembly.Imports;
  readonly epoch: WebAssembly.Memory;
  readonly exports: Readonly<Record<string, Call>>;
  readonly instance: WebAssembly.Instance;
  /** Value of the low-water mark. */
  mark(): number | undefined;
}

/** Instantiates a rewritten module and runs its start function. */
export function run(module: RewrittenModule, rules: HostRules = {}): Running {
  const { given = {}, limit = Infinity } = rules;
  const asked: { name: string; amount: unknown }[] = [];
  const epoch = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const fields: Record<string, unknown> = {
    epoch,
    chargeTable: (amount: number): number => {
      asked.push({ name: 'chargeTable', amount });
      return amount <= limit ? 1 : 0;
    },
    expired: rules.expired ?? (() => 0),
    yield: new WebAssembly.Suspending(rules.yield ?? (() => undefined)),
    nested: rules.nested ?? (() => undefined),
  };
  const memories: WebAssembly.Memory[] = [];
  for (const { importName, growName, from, minPages, is64 } of module.contract.memories) {
    const existing = from === undefined ? undefined : given[from[0]]?.[from[1]];
    const memory = existing instanceof WebAssembly.Memory ? existing : createMemory(minPages, is64);
    memories.push(memory);
    if (importName !== undefined) fields[importName] = memory;
    if (growName === undefined) continue;
    fields[growName] = (amount: number | bigint): number | bigint => {
      asked.push({ name: growName, amount });
      if (Number(amount) > limit) return is64 ? -1n : -1;
      return memory.grow(amount as never);
    };
  }
  const imports = { ...given, 'faas:host': fields } as WebAssembly.Imports;
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.bytes), imports);
  const exports = instance.exports as Record<string, Call>;
  const { start } = module.contract;
  if (start !== undefined) exports[start]?.();
  const name = module.contract.writes.find(({ mark }) => mark !== undefined)?.mark;
  const global = name === undefined ? undefined : instance.exports[name];
  return {
    asked,
    memories,
    imports,
    epoch,
    exports,
    instance,
    mark: () => (global instanceof WebAssembly.Global ? Number(global.value) : undefined),
  };
}

/** Sets the mark as a host does when the memory is as it was. */
export function resetMark({ instance }: Running): void {
  const global = instance.exports['faas:low'];
  if (global instanceof WebAssembly.Global) global.value = UNWRITTEN_MARK;
}

function createMemory(minPages: number, is64: boolean): WebAssembly.Memory {
  const descriptor = is64 ? { initial: BigInt(minPages), address: 'i64' } : { initial: minPages };
  return new WebAssembly.Memory(descriptor as never);
}
