/**
 * Core module → the same module as the host runs it: its memories belong to the host, growing asks the host
 * first, its state can be reached and put back from outside, and it gives way when its time is over.
 *
 * - Each memory that the module defines becomes an import `faas:host` `memoryN`, each `memory.grow` a call
 *   of an imported function, each `table.grow` one of a helper that asks `chargeTable`.
 * - The start section becomes an export, and so do mutable globals and tables, under reserved names.
 * - A global follows the lowest address written to (`mark-stores.ts`).
 * - Checks of the epoch memory stand in loops and cycles of calls (`checks/`).
 *
 * The original names of functions stay, for stack traces; custom sections that hold offsets into the code go.
 */
import { buildBranchHints } from './branch-hints.ts';
import { insertChecks } from './checks/insert-checks.ts';
import type { ModuleContract } from './module-contract.ts';
import {
  findGlobals,
  findMemories,
  findResettable,
  findTables,
  findWrites,
} from './module-state.ts';
import { RESERVED_EXPORT } from './module-contract.ts';
import { planRewriting } from './plan-rewriting.ts';
import { surveyModule, type SurveyOptions } from './survey.ts';
import { writeCode } from './write-code.ts';
import { writeModule } from './write-module.ts';

/** A module after the rewriting. */
export interface RewrittenModule {
  /** The new bytes; the given ones if nothing had to change. */
  readonly bytes: Uint8Array;
  readonly rewritten: boolean;
  /** What a host must give it, and finds in it. */
  readonly contract: ModuleContract;
  /** Functions with a body. */
  readonly functionCount: number;
}

/** Limits of the rewriting, and which parts of it are wanted: benchmarks compare with and without. */
export interface RewriteOptions extends Partial<SurveyOptions> {
  /** Whether it gets checks; true if left out. Without them nothing can interrupt the module. */
  readonly checks?: boolean;
  /** Whether it keeps a low-water mark; true if left out. Without it a reset is one of the whole memory. */
  readonly waterMark?: boolean;
}

/** A body over 1 MiB takes V8 tens of milliseconds to compile, on the event loop, at its first call. */
const MAX_FUNCTION_BYTES = 1024 * 1024;
/** Real components stay under a few hundred. */
const MAX_IMPORTS = 5000;

/**
 * Rewrites a core module for the host.
 *
 * @param bytes The module.
 * @param options `maxFunctionBytes` (1 MiB), `maxImports` (5,000), `base` (0): where the module starts in the
 *   uploaded file, `checks` (true), `waterMark` (true).
 * @returns The new module and what the host must give it.
 * @throws {malformed_wasm} If it is not well-formed, or uses what this host does not know.
 * @throws {shared_memory_refused} If it has a shared memory: waiting on one would stop the event loop.
 * @throws {page_size_refused} If a memory's pages are not 64 KiB.
 * @throws {gc_refused} If it can allocate garbage-collected memory.
 * @throws {function_too_large} If a function body is larger than allowed.
 * @throws {wasm_too_complex} If it has more sections, functions or references to them than can be held.
 * @throws {too_many_imports} If it imports more than allowed.
 * @throws {reserved_import} If it imports from `faas:host` itself.
 * @throws {reserved_export} If it exports under a name that belongs to the host.
 * @example
 * const { bytes, contract } = rewriteCoreModule(await readFile('app.wasm'));
 */
export function rewriteCoreModule(
  bytes: Uint8Array,
  options: RewriteOptions = {},
): RewrittenModule {
  const { checks = true, waterMark = true } = options;
  const survey = surveyModule(bytes, {
    maxFunctionBytes: options.maxFunctionBytes ?? MAX_FUNCTION_BYTES,
    maxImports: options.maxImports ?? MAX_IMPORTS,
    base: options.base ?? 0,
  });
  const rewriting = planRewriting(survey, { checks, waterMark });
  const code = writeCode(survey, rewriting);
  const rewritten = rewriting.imports.length + rewriting.exports.length > 0;
  const contract: ModuleContract = {
    memories: findMemories(survey),
    tables: findTables(survey),
    globals: findGlobals(survey).map((index) => RESERVED_EXPORT.global(index)),
    start: survey.definitions.start === undefined ? undefined : RESERVED_EXPORT.start,
    writes: findWrites(survey, code.bound),
    checks: rewriting.checks !== undefined,
    growsTables: survey.code.grownTables.size > 0,
    reset: findResettable(survey),
  };
  const functionCount = survey.code.bodies.length / 3;
  if (!rewritten) return { bytes, rewritten, contract, functionCount };
  if (rewriting.checks === undefined) {
    const hints = code.hints.length === 0 ? undefined : buildBranchHints(code.hints);
    const written = writeModule(survey, rewriting, code.bodies, hints);
    return { bytes: written, rewritten, contract, functionCount };
  }
  // The checks come with hints on all branches, those of the mark included.
  const unchecked = writeModule(survey, rewriting, code.bodies, undefined);
  const { mark } = rewriting;
  const places = mark === undefined ? rewriting.checks : { ...rewriting.checks, lowGlobal: mark };
  return { bytes: insertChecks(unchecked, places), rewritten, contract, functionCount };
}
