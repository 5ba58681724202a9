/**
 * What this machine can give, read once at start: the defaults of the host's budget, and how to see how much
 * memory is left. Separate, because it is the only part of the limits that knows an operating system.
 */
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';

/** Part of the memory that instances may take; the rest is V8's, the code's, and for what is not collected yet. */
const MEMORY_SHARE = 1 / 2;
/** Part of the mappings that instances may take: closed ones keep theirs until they are collected. */
const MAPPING_SHARE = 3 / 4;
/** Part of the memory below which nothing is given any more. */
const RESERVE_SHARE = 1 / 20;
/** Where the system has no such limit. */
const UNLIMITED_MAPPINGS = 1_000_000;

/** What a host may use unless its configuration says otherwise. */
export interface MachineLimits {
  /** Bytes that instances may take together: half of the machine's or the control group's memory. */
  readonly memoryBytes: number;
  /** Memory mappings that instances may take together: three quarters of `vm.max_map_count`. */
  readonly mappings: number;
  /** Memory that is left to the machine in any case, bytes. */
  readonly reserveBytes: number;
  /** Memory that can be taken without swapping, bytes; absent where the system does not tell. */
  readonly availableBytes?: () => number;
}

/** How a file of the system is read; undefined if it is not there. */
export type ReadSystemFile = (path: string) => string | undefined;

/**
 * Reads what the machine has.
 *
 * @param read Reads files of the system; tests give their own.
 * @param machineBytes Memory of the machine or, if that is less, of the control group the process is in.
 */
export function readMachineLimits(
  read: ReadSystemFile = readSystemFile,
  machineBytes: number = memoryOfProcess(),
): MachineLimits {
  const mapCount = Number(read('/proc/sys/vm/max_map_count')?.trim());
  const tellsAvailable = availableIn(read('/proc/meminfo')) !== undefined;
  return {
    memoryBytes: Math.floor(machineBytes * MEMORY_SHARE),
    mappings: mapCount > 0 ? Math.floor(mapCount * MAPPING_SHARE) : UNLIMITED_MAPPINGS,
    reserveBytes: Math.floor(machineBytes * RESERVE_SHARE),
    ...(tellsAvailable
      ? { availableBytes: () => availableIn(read('/proc/meminfo')) ?? Infinity }
      : {}),
  };
}

/** Linux's own estimate: free memory, and what caches give back. */
function availableIn(meminfo: string | undefined): number | undefined {
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo ?? '')?.[1];
  return kib === undefined ? undefined : Number(kib) * 1024;
}

function memoryOfProcess(): number {
  // 0 or more than the machine has where no control group limits the process.
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

function readSystemFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
