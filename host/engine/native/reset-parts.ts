/**
 * The parts of one instance that a reset writes to, found by the names in the contracts of its core modules:
 * which memories there are, who writes to them, and what bounds what was written.
 */
import { NO_WRITE, type GuestMemory } from '../../component/abi/guest-memory.ts';
import { UNWRITTEN_MARK, lowestWritten } from '../../wasm/low-water-mark.ts';
import { HOST_MODULE, type ModuleContract } from '../../wasm/module-contract.ts';

/** A core instance: what it was given, and what it exports. */
export interface CoreInstance {
  /** Number of its module. */
  readonly module: number;
  readonly imports: WebAssembly.Imports | undefined;
  readonly exports: WebAssembly.Exports;
}

/** What one core instance may have written to a memory. */
export interface MemoryWriter {
  /** Global with its low-water mark; undefined if it may have written anywhere. */
  readonly mark: WebAssembly.Global | undefined;
  /** Lowest address, in bytes, that it may have written to without moving the mark. */
  readonly bound: number;
}

/** A memory of the component, and all who write to it. */
export interface MemoryPart {
  readonly memory: WebAssembly.Memory;
  readonly writers: readonly MemoryWriter[];
  /** Through which the host writes. */
  readonly hosts: readonly GuestMemory[];
}

/** What a reset writes to. */
export interface InstanceParts {
  readonly memories: readonly MemoryPart[];
  readonly globals: readonly WebAssembly.Global[];
  readonly tables: readonly WebAssembly.Table[];
}

/**
 * Finds the parts of an instance. Costs some look-ups for each core instance.
 *
 * @param contracts Of its core modules, by their numbers.
 * @param hosts Its memories as the canonical ABI uses them.
 * @throws {Error} If an instance lacks what its contract names, which deploy wrote.
 */
export function instancePartsOf(
  cores: readonly CoreInstance[],
  contracts: readonly ModuleContract[],
  hosts: readonly GuestMemory[],
): InstanceParts {
  const memories = new Map<WebAssembly.Memory, MemoryWriter[]>();
  const globals: WebAssembly.Global[] = [];
  const tables: WebAssembly.Table[] = [];
  for (const { module, imports, exports } of cores) {
    const contract = contracts[module];
    if (contract === undefined) throw new Error('A core instance has no contract');
    for (const name of contract.globals) globals.push(globalOf(exports, name));
    for (const { name } of contract.tables) {
      if (name !== undefined) tables.push(tableOf(exports, name));
    }
    const writersOf = (name: ImportName): MemoryWriter[] => {
      const memory = memoryOf(imports, name);
      const known = memories.get(memory) ?? [];
      memories.set(memory, known);
      return known;
    };
    // One that nobody writes to may still have grown.
    for (const { importName, from } of contract.memories) {
      writersOf(importName === undefined ? (from ?? ['', '']) : [HOST_MODULE, importName]);
    }
    for (const { memory, mark, bound } of contract.writes) {
      const global = mark === undefined ? undefined : globalOf(exports, mark);
      writersOf(memory).push({ mark: global, bound });
    }
  }
  for (const { memory } of hosts) {
    if (memory !== undefined && !memories.has(memory)) memories.set(memory, []);
  }
  return {
    memories: [...memories].map(([memory, writers]) => ({
      memory,
      writers,
      hosts: hosts.filter((host) => host.memory === memory),
    })),
    globals,
    tables,
  };
}

/**
 * Lowest address of a memory that anybody may have written to since its marks were set; it may lie behind its end.
 */
export function lowestWriteOf({ writers, hosts }: MemoryPart): number {
  let from = Infinity;
  for (const { mark, bound } of writers) {
    const lowest = lowestWritten(mark?.value as number | undefined, bound);
    if (lowest < from) from = lowest;
  }
  for (const { lowestWrite } of hosts) if (lowestWrite < from) from = lowestWrite;
  return from;
}

/** Sets the marks: its memory is as it was at the start. */
export function setMarks({ writers, hosts }: MemoryPart): void {
  for (const { mark } of writers) if (mark !== undefined) mark.value = UNWRITTEN_MARK;
  for (const host of hosts) host.lowestWrite = NO_WRITE;
}

/** Import module and field. */
type ImportName = readonly [module: string, field: string];

function memoryOf(
  imports: WebAssembly.Imports | undefined,
  [module, field]: ImportName,
): WebAssembly.Memory {
  const found = imports?.[module]?.[field];
  if (found instanceof WebAssembly.Memory) return found;
  throw new Error('A core instance lacks a memory of its contract');
}

function globalOf(exports: WebAssembly.Exports, name: string): WebAssembly.Global {
  const found = exports[name];
  if (found instanceof WebAssembly.Global) return found;
  throw new Error('A core instance lacks a global of its contract');
}

function tableOf(exports: WebAssembly.Exports, name: string): WebAssembly.Table {
  const found = exports[name];
  if (found instanceof WebAssembly.Table) return found;
  throw new Error('A core instance lacks a table of its contract');
}
