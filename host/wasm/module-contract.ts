/**
 * What a rewritten core module and its host owe each other: the imports the module takes from
 * `faas:host`, and the exports under reserved names through which the host starts and resets it. Apart
 * from the rewriting because engines know it, and deploy stores it in the manifest.
 */
import type { MemoryType } from './types.ts';

/** Import module under which a rewritten module finds what the host gives it. */
export const HOST_MODULE = 'faas:host';

/**
 * Fields of `faas:host` that have one name in every module. Memories and what grows them are numbered
 * and stand in the contract.
 *
 * - `chargeTable: (entries: i32) → i32` is asked before a table grows: 1 grants it, 0 refuses. A negative
 *   number gives back what was granted and then not taken; its result is not looked at.
 * - `epoch`: a shared memory of one page. Word 0 is not zero when `expired` is to be called.
 * - `expired: () → i32`: 1 if the guest must let others run.
 * - `yield: () → ()`: suspends the guest until it is its turn again.
 * - `nested: () → ()`: told when `yield` could not suspend, because JavaScript stands between.
 */
export const HOST_FIELD = Object.freeze({
  chargeTable: 'chargeTable',
  epoch: 'epoch',
  expired: 'expired',
  yield: 'yield',
  nested: 'nested',
});

/** Names of exports that the rewriting adds; numbers count the module's own tables and globals. */
export const RESERVED_EXPORT = Object.freeze({
  start: 'faas:start',
  low: 'faas:low',
  table: (index: number): string => `faas:table${index}`,
  global: (index: number): string => `faas:global${index}`,
  /** Only in what deploy tries out: see `function-entries.ts`. */
  entered: (index: number): string => `faas:entered${index}`,
});

/**
 * Whether an export's name is kept for the host: all that begin with `faas:` and hold no slash. Functions of
 * an interface that a component exports have one (`faas:queue/consumer#handle`).
 */
export function isReservedExport(name: string): boolean {
  return name.startsWith('faas:') && !name.includes('/');
}

/** A memory that the host makes, or only grows. */
export interface HostMemory extends MemoryType {
  /** Index in the module, before and after. */
  readonly index: number;
  /** Field under which the module imports it from `faas:host`; undefined if it imported it all along. */
  readonly importName: string | undefined;
  /** Import module and field under which it always imported it; undefined if it is its own. */
  readonly from: readonly [module: string, field: string] | undefined;
  /** Field under which the module imports its grow function from `faas:host`; undefined if it never grows. */
  readonly growName: string | undefined;
}

/** A table that a module defines. */
export interface OwnTable {
  /** Reserved export of the table; undefined if nothing can change its entries, so that no reset needs it. */
  readonly name: string | undefined;
  /** Entries it starts with. */
  readonly minEntries: number;
  /** Whether its indices are 64-bit, which JavaScript takes as bigint. */
  readonly is64: boolean;
}

/** A memory that the module may write to, and how far down it may have written since the mark was set. */
export interface WrittenMemory {
  /** Import module and field under which the rewritten module takes it, be it its own or another's. */
  readonly memory: readonly [module: string, field: string];
  /** Reserved export of the global that holds the mark; undefined if the module may write anywhere. */
  readonly mark: string | undefined;
  /** Lowest address it may write to without moving the mark, in bytes. */
  readonly bound: number;
}

/** Whether a host can put an instance of a module back to an earlier state. */
export type Resettable =
  | { readonly possible: true }
  | {
      readonly possible: false;
      /** What stands against it: `it drops data segments while it runs`. */
      readonly reason: string;
    };

/** What a host must give a rewritten module, and finds in it. */
export interface ModuleContract {
  /** Memories the module defines, and imported ones that it grows, in the order of their indices. */
  readonly memories: readonly HostMemory[];
  /** Tables it defines, in the order of their indices. */
  readonly tables: readonly OwnTable[];
  /** Reserved exports of mutable globals that it defines and that something can change; the marks are not among them. */
  readonly globals: readonly string[];
  /** Reserved export of the function that instantiating must run, once, and no longer does by itself; undefined if there is none. */
  readonly start: string | undefined;
  /** Memories it may write to; one that stands in no module's list keeps what instantiating put there, but for what the host writes. */
  readonly writes: readonly WrittenMemory[];
  /** Whether it takes `epoch`, `expired`, `yield` and `nested`. */
  readonly checks: boolean;
  /** Whether it takes `chargeTable`. */
  readonly growsTables: boolean;
  readonly reset: Resettable;
}
