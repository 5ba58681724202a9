/**
 * What was found in a module → which of its state can change, how a host reaches that, and whether it can
 * put it back.
 */
import { HostError } from '../base/errors.ts';
import {
  HOST_MODULE,
  RESERVED_EXPORT,
  type HostMemory,
  type OwnTable,
  type Resettable,
  type WrittenMemory,
} from './module-contract.ts';
import type { Survey } from './survey.ts';
import { isReadable } from './types.ts';

/** V8 takes 50,000 locals a function, parameters included; this leaves room for those that are added. */
const MOST_LOCALS = 48_000;

/** Memories that the module defines, and imported ones that it grows. */
export function findMemories(survey: Survey): HostMemory[] {
  const { importedMemories, ownMemories } = survey;
  const { grownMemories } = survey.code;
  const memories: HostMemory[] = [];
  for (const [index, { module, field, memory }] of importedMemories.entries()) {
    if (!grownMemories.has(index)) continue;
    const growName = `growImported${index}`;
    memories.push({ ...memory, index, importName: undefined, from: [module, field], growName });
  }
  for (const [number, memory] of ownMemories.entries()) {
    const index = importedMemories.length + number;
    const growName = grownMemories.has(index) ? `grow${number}` : undefined;
    const importName = `memory${number}`;
    memories.push({ ...memory, index, importName, from: undefined, growName });
  }
  return memories;
}

/** More would not fit into an instance (`limits/memory-account.ts`); toolchains make some ten thousand. */
const MAX_TABLE_ENTRIES = 128 * 1024;

/** Tables that the module defines; those whose entries code or another module can change have a name. */
export function findTables({ definitions, importedTables, code }: Survey): OwnTable[] {
  return definitions.tables.slice(importedTables).map(({ minEntries, is64 }, number) => {
    const index = importedTables + number;
    if (minEntries > MAX_TABLE_ENTRIES) {
      throw new HostError('wasm_too_complex', {
        what: 'entries in a table',
        limit: MAX_TABLE_ENTRIES,
      });
    }
    const changes = code.changedTables.has(index) || definitions.exportedTables.has(index);
    return { name: changes ? RESERVED_EXPORT.table(index) : undefined, minEntries, is64 };
  });
}

/** Indices of mutable globals that the module defines and that code or another module can change. */
export function findGlobals({ definitions, importedGlobals, code }: Survey): number[] {
  const found: number[] = [];
  for (const [index, { mutable }] of definitions.globals.entries()) {
    if (index < importedGlobals || !mutable) continue;
    if (code.changedGlobals.has(index) || definitions.exportedGlobals.has(index)) found.push(index);
  }
  return found;
}

/** Whether a low-water mark can be kept for memory 0. */
export function canMark({ code, importedMemories, ownMemories }: Survey): boolean {
  const memory = importedMemories[0]?.memory ?? ownMemories[0];
  return (
    memory?.is64 === false &&
    code.writtenMemories.has(0) &&
    !code.atomicMemories.has(0) &&
    code.mostLocals <= MOST_LOCALS
  );
}

/**
 * Memories that the module writes to.
 *
 * @param bound Lowest address of memory 0 written to without lowering the mark; undefined if it has none.
 */
export function findWrites(survey: Survey, bound: number | undefined): WrittenMemory[] {
  const { code, importedMemories } = survey;
  const written = [...new Set([...code.writtenMemories, ...code.atomicMemories])];
  return written
    .toSorted((one, other) => one - other)
    .map((index) => {
      const origin = importedMemories[index];
      const memory: WrittenMemory['memory'] =
        origin === undefined
          ? [HOST_MODULE, `memory${index - importedMemories.length}`]
          : [origin.module, origin.field];
      return index === 0 && bound !== undefined
        ? { memory, mark: RESERVED_EXPORT.low, bound }
        : { memory, mark: undefined, bound: 0 };
    });
}

/** Whether all that can change can be put back from outside. */
export function findResettable(survey: Survey): Resettable {
  const { code, definitions, importedTables } = survey;
  if (code.dropsData) return { possible: false, reason: 'it drops data segments while it runs' };
  if (code.dropsElements) {
    return { possible: false, reason: 'it drops element segments while it runs' };
  }
  const globals = findGlobals(survey).map((index) => definitions.globals[index]?.value);
  if (globals.some((type) => type !== undefined && !isReadable(type))) {
    return {
      possible: false,
      reason: 'it has a global that changes and whose type JavaScript cannot read',
    };
  }
  const tables = definitions.tables.filter(
    (_, index) =>
      index >= importedTables &&
      (code.changedTables.has(index) || definitions.exportedTables.has(index)),
  );
  if (tables.some(({ element }) => !isReadable(element))) {
    return {
      possible: false,
      reason: 'it has a table that changes and whose elements JavaScript cannot read',
    };
  }
  return { possible: true };
}
