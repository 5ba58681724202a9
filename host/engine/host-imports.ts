/**
 * What a rewritten core module imports from the host, made for one instance: the other half of `wasm/`'s
 * rewriting. Its memories, what answers its `memory.grow` and `table.grow`, and what its checks look at
 * and call.
 */
import { HostError } from '../base/errors.ts';
import type { GuestCpu } from '../limits/guest-cpu.ts';
import { PAGE_BYTES, type MemoryAccount } from '../limits/memory-account.ts';
import { HOST_FIELD, HOST_MODULE, type HostMemory } from '../wasm/module-contract.ts';
import type { CoreModule } from './manifest.ts';

/** Most pages of a 32-bit memory. */
const MAX_PAGES_32 = 65_536;

/** The host's side of one instance. */
export interface HostSide {
  /** What memories and tables are charged to. */
  readonly memory: MemoryAccount;
  readonly cpu: GuestCpu;
  /** How many functions of the host the guest has called: tells JavaScript frames apart, see `GuestCpu.nested`. */
  readonly calls: () => number;
  /** Makes a 32-bit memory of so many pages; absent: a new one each time. */
  readonly createMemory?: (form: {
    readonly initial: number;
    readonly maximum: number;
  }) => WebAssembly.Memory;
}

/** Makes the imports of the core modules of one instance. */
export class HostImports {
  readonly #side: HostSide;
  #checks: Readonly<Record<string, unknown>> | undefined;

  constructor(side: HostSide) {
    this.#side = side;
  }

  /**
   * Adds what a rewritten core module imports from the host to the imports its component gives it.
   *
   * @param core The module's entry in the manifest.
   * @param imports What the component links it with.
   * @throws {memory_limit_at_start} If its memories and tables are over the version's limit.
   * @throws {host_overloaded} If the host has nothing left for them.
   */
  addTo(
    core: CoreModule,
    imports: WebAssembly.Imports | undefined,
  ): WebAssembly.Imports | undefined {
    const { memory: account, createMemory: make } = this.#side;
    for (const { minEntries } of core.tables) {
      // Tables are charged by entries of 16 bytes, pages by bytes: the message speaks of bytes.
      if (!account.chargeTable(minEntries)) refuseStart(account, minEntries * 16);
    }
    if (core.memories.length === 0 && !core.checks && !core.growsTables) return imports;
    const host: Record<string, unknown> = core.checks ? { ...this.#useChecks() } : {};
    for (const memory of core.memories) {
      const object =
        memory.importName === undefined
          ? findMemory(memory, imports)
          : createMemory(memory, account, make);
      if (memory.importName !== undefined) host[memory.importName] = object;
      if (memory.growName !== undefined)
        host[memory.growName] = createGrow(memory, object, account);
    }
    if (core.growsTables) host[HOST_FIELD.chargeTable] = createChargeTable(account);
    return { ...imports, [HOST_MODULE]: host };
  }

  /** The same for all core modules of the instance. */
  #useChecks(): Readonly<Record<string, unknown>> {
    const { cpu, calls } = this.#side;
    this.#checks ??= {
      [HOST_FIELD.epoch]: cpu.epoch,
      [HOST_FIELD.expired]: () => cpu.expired(),
      [HOST_FIELD.yield]: new WebAssembly.Suspending(() => cpu.yield()),
      [HOST_FIELD.nested]: () => cpu.nested(calls()),
    };
    return this.#checks;
  }
}

function refuseStart(account: MemoryAccount, neededBytes: number): never {
  if (account.refusal === 'host') throw new HostError('host_overloaded', { what: account.lacking });
  throw new HostError('memory_limit_at_start', { needed: neededBytes, limit: account.limitBytes });
}

function createMemory(
  memory: HostMemory,
  account: MemoryAccount,
  make: HostSide['createMemory'],
): WebAssembly.Memory {
  if (!account.openMemory(memory.minPages)) refuseStart(account, memory.minPages * PAGE_BYTES);
  const limitPages = Math.floor(account.limitBytes / PAGE_BYTES);
  const maximum = Math.min(
    memory.maxPages ?? MAX_PAGES_32,
    Math.max(limitPages, memory.minPages),
    MAX_PAGES_32,
  );
  // 64-bit memories take their bounds as bigint (memory64 JavaScript API).
  const descriptor = memory.is64
    ? { initial: BigInt(memory.minPages), maximum: BigInt(maximum), address: 'i64' }
    : { initial: memory.minPages, maximum };
  try {
    if (!memory.is64 && make !== undefined) return make({ initial: memory.minPages, maximum });
    return new WebAssembly.Memory(descriptor as never);
  } catch (error) {
    // V8 reserves 8 GiB of addresses for a 32-bit memory: after some 16,000 of them there are none left.
    throw new HostError('host_overloaded', { what: 'address space' }, { cause: error });
  }
}

function findMemory(
  memory: HostMemory,
  imports: WebAssembly.Imports | undefined,
): WebAssembly.Memory {
  const [module, field] = memory.from ?? ['', ''];
  const found = imports?.[module]?.[field];
  if (found instanceof WebAssembly.Memory) return found;
  throw new HostError('engine_failed', {
    reason: `core module imports no memory "${module}" "${field}"`,
  });
}

/** The guest's `memory.grow`: previous size in pages, or -1. Costs one call and, if it succeeds, the growth itself. */
function createGrow(
  memory: HostMemory,
  object: WebAssembly.Memory,
  account: MemoryAccount,
): (delta: number | bigint) => number | bigint {
  const grow = (pages: number): number => {
    if (!account.charge(pages)) return -1;
    try {
      // A 64-bit memory takes and gives bigint, which its type does not say.
      const before: unknown = object.grow((memory.is64 ? BigInt(pages) : pages) as never);
      return Number(before);
    } catch {
      account.refund(pages);
      return -1;
    }
  };
  if (memory.is64) return (delta) => BigInt(grow(Number(BigInt.asUintN(64, BigInt(delta)))));
  // An i32 arrives signed; the operand of memory.grow is unsigned.
  return (delta) => grow(Number(delta) >>> 0);
}

/**
 * Asked before the guest's `table.grow`; a negative number gives back what was granted last and not taken.
 * Nothing else is given back: a table of more than 2^31 entries looks like a negative number, too.
 */
function createChargeTable(account: MemoryAccount): (entries: number) => 0 | 1 {
  let granted = 0;
  return (entries) => {
    if (entries < 0) {
      if (-entries !== granted) return 0;
      account.refundTable(granted);
      granted = 0;
      return 1;
    }
    if (!account.chargeTable(entries)) return 0;
    granted = entries;
    return 1;
  };
}
