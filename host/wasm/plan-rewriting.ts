/**
 * What was found in a module → what the rewriting adds to it: imports from the host, types, helper functions
 * and exports, with the indices they will have.
 *
 * Memories keep their indices: imported ones come first, then the module's own, as before, then the epoch.
 * Functions behind the imported ones move up by the number of those added; helper functions come last,
 * as does the global with the low-water mark.
 */
import { AddedTypes } from './added-types.ts';
import { renumber, type Renumbering } from './edits.ts';
import { buildGrowTable, buildSlowCheck } from './helper-functions.ts';
import { HOST_FIELD, RESERVED_EXPORT, type HostMemory } from './module-contract.ts';
import { canMark, findGlobals, findMemories, findTables } from './module-state.ts';
import type { Survey } from './survey.ts';
import type { ValueType } from './types.ts';

/** Which parts of the rewriting are wanted. */
export interface RewritingChoice {
  readonly checks: boolean;
  readonly waterMark: boolean;
}

/** A function behind those of the module. */
export interface AddedFunction {
  readonly type: number;
  readonly body: Uint8Array;
}

/** What the module will import from the host. */
export type AddedImport =
  | { readonly name: string; readonly kind: 'function'; readonly type: number }
  | { readonly name: string; readonly kind: 'memory'; readonly memory: HostMemory }
  | { readonly name: string; readonly kind: 'epoch' };

/** What the module will export besides its own. */
export interface AddedExport {
  readonly name: string;
  readonly kind: 'function' | 'table' | 'global';
  readonly index: number;
}

/** Where checks find the epoch, and the function they call when it has moved. */
export interface CheckPlaces {
  readonly epochMemory: number;
  readonly slowFunction: number;
}

/** All that is added. */
export interface Rewriting {
  readonly to: Renumbering;
  readonly types: AddedTypes;
  readonly imports: readonly AddedImport[];
  readonly functions: readonly AddedFunction[];
  readonly exports: readonly AddedExport[];
  /** Index of the global that holds the low-water mark. */
  readonly mark: number | undefined;
  readonly checks: CheckPlaces | undefined;
}

const I32: ValueType = Uint8Array.of(0x7f);
const I64: ValueType = Uint8Array.of(0x7e);

/** Plans. */
export function planRewriting(survey: Survey, choice: RewritingChoice): Rewriting {
  const { code, definitions, importedFunctions } = survey;
  const types = new AddedTypes(survey.types.length);
  const memories = findMemories(survey);
  const hasChecks = choice.checks && code.bodies.length > 0;
  const imports: AddedImport[] = [];
  for (const memory of memories) {
    const { importName } = memory;
    if (importName !== undefined) imports.push({ name: importName, kind: 'memory', memory });
  }
  if (hasChecks) imports.push({ name: HOST_FIELD.epoch, kind: 'epoch' });

  let shift = 0;
  const addImport = (name: string, parameters: ValueType[], results: ValueType[]): number => {
    imports.push({ name, kind: 'function', type: types.indexOf(parameters, results) });
    shift += 1;
    return importedFunctions + shift - 1;
  };
  const growMemory = new Map<number, number>();
  for (const { index, growName, is64 } of memories) {
    const size = is64 ? I64 : I32;
    if (growName !== undefined) growMemory.set(index, addImport(growName, [size], [size]));
  }
  const { grownTables } = code;
  const chargeTable = grownTables.size > 0 ? addImport(HOST_FIELD.chargeTable, [I32], [I32]) : 0;
  const checkFunctions = hasChecks
    ? {
        expired: addImport(HOST_FIELD.expired, [], [I32]),
        yield: addImport(HOST_FIELD.yield, [], []),
        nested: addImport(HOST_FIELD.nested, [], []),
      }
    : undefined;

  const functions: AddedFunction[] = [];
  const addFunction = (type: number, body: Uint8Array): number =>
    survey.functionTypes.length + shift + functions.push({ type, body }) - 1;
  const growTable = new Map<number, number>();
  for (const index of grownTables) {
    const table = definitions.tables[index];
    if (table === undefined) continue;
    const size = table.is64 ? I64 : I32;
    const body = buildGrowTable(index, table.is64, chargeTable);
    growTable.set(index, addFunction(types.indexOf([table.element, size], [size]), body));
  }
  const checks = checkFunctions && {
    epochMemory: definitions.memoryCount,
    slowFunction: addFunction(
      types.indexOf([], []),
      buildSlowCheck(checkFunctions, code.legacyExceptions),
    ),
  };
  const to = { importedFunctions, shift, growMemory, growTable };
  const mark = choice.waterMark && canMark(survey) ? definitions.globals.length : undefined;
  const exports = planExports(survey, to, mark);
  return { to, types, imports, functions, exports, mark, checks };
}

function planExports(survey: Survey, to: Renumbering, mark: number | undefined): AddedExport[] {
  const exports: AddedExport[] = [];
  const { start } = survey.definitions;
  if (start !== undefined) {
    exports.push({ name: RESERVED_EXPORT.start, kind: 'function', index: renumber(start, to) });
  }
  for (const [number, { name }] of findTables(survey).entries()) {
    const index = survey.importedTables + number;
    if (name !== undefined) exports.push({ name, kind: 'table', index });
  }
  for (const index of findGlobals(survey)) {
    exports.push({ name: RESERVED_EXPORT.global(index), kind: 'global', index });
  }
  if (mark !== undefined) exports.push({ name: RESERVED_EXPORT.low, kind: 'global', index: mark });
  return exports;
}
