/**
 * Makes the memories that deploy turned into imports, and answers their `memory.grow`: the other half
 * of `wasm/`'s rewriting.
 */
import { HostError } from '../base/errors.ts';
import { PAGE_BYTES, type MemoryAccount } from '../limits/memory-account.ts';
import type { CoreModule, HostMemory } from './manifest.ts';

/** Import module under which rewritten core modules find what the host gives them. */
export const HOST_IMPORTS = 'faas:host';

/** Most pages of a 32-bit memory. */
const MAX_PAGES_32 = 65_536;

/**
 * Adds what a rewritten core module imports from the host to the imports its component gives it.
 *
 * @param core The module's entry in the manifest.
 * @param imports What the component links it with.
 * @param account What the memories are charged to.
 * @throws {memory_limit_at_start} If the initial memory is over the limit.
 */
export function withHostMemories(
  core: CoreModule,
  imports: WebAssembly.Imports | undefined,
  account: MemoryAccount,
): WebAssembly.Imports | undefined {
  if (core.memories.length === 0) return imports;
  const host: Record<string, unknown> = {};
  for (const memory of core.memories) {
    const object =
      memory.importName === undefined ? findMemory(memory, imports) : createMemory(memory, account);
    if (memory.importName !== undefined) host[memory.importName] = object;
    if (memory.growName !== undefined) host[memory.growName] = createGrow(memory, object, account);
  }
  return { ...imports, [HOST_IMPORTS]: host };
}

function createMemory(memory: HostMemory, account: MemoryAccount): WebAssembly.Memory {
  if (!account.charge(memory.minPages)) {
    throw new HostError('memory_limit_at_start', {
      needed: memory.minPages * PAGE_BYTES,
      limit: account.limitBytes,
    });
  }
  const limitPages = Math.floor(account.limitBytes / PAGE_BYTES);
  const maximum = Math.min(
    memory.maxPages ?? MAX_PAGES_32,
    Math.max(limitPages, memory.minPages),
    MAX_PAGES_32,
  );
  if (memory.is64) {
    // 64-bit memories take their bounds as bigint (memory64 JavaScript API).
    const descriptor = {
      initial: BigInt(memory.minPages),
      maximum: BigInt(maximum),
      address: 'i64',
    };
    return new WebAssembly.Memory(descriptor as never);
  }
  return new WebAssembly.Memory({ initial: memory.minPages, maximum });
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
