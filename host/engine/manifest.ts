/**
 * The manifest of a prepared artifact: what deploy found out and an engine must know to run it. Written
 * once by deploy as `manifest.json`; trusted, because every file of a prepared artifact is verified.
 */
import type { FunctionKind } from '../registry/model.ts';
import type { ModuleContract } from '../wasm/module-contract.ts';
import type { CodeCache } from './code-cache.ts';

/** Grows whenever what deploy writes changes its meaning: artifacts are then prepared anew. */
export const PREPARER_VERSION = 9;

/** Name of the manifest among the files of a prepared artifact. */
export const MANIFEST_FILE = 'manifest.json';

/** The engines there are. */
export type EngineName = 'native' | 'jco';

/** A core module of a prepared artifact, and what the rewriting made of it. */
export interface CoreModule extends ModuleContract {
  /** Name by which jco's generated code asks for it; the native engine's goes by their order. */
  readonly name: string;
  /** File that holds it. */
  readonly file: string;
}

/** What a prepared artifact is. */
export interface Manifest {
  readonly preparer: typeof PREPARER_VERSION;
  /** Which engine runs it. */
  readonly engine: EngineName;
  readonly kind: FunctionKind;
  /**
   * Export that serves invocations: interface with version, and function in JavaScript spelling; and whether several
   * calls of it may be under way in one instance. `isOnce`: an instance takes one call in its life.
   */
  readonly entry: {
    readonly interface: string;
    readonly function: string;
    readonly takesSeveral: boolean;
    readonly isOnce?: boolean;
  };
  /** Interfaces the component imports, with versions. */
  readonly imports: readonly string[];
  readonly modules: readonly CoreModule[];
  /** File with the generated code. */
  readonly glue: string;
  /** File with what V8 compiled of it; absent: it is compiled whenever it is loaded. */
  readonly codeCache?: CodeCache;
  /** File with what the generated code is linked with; the native engine's only. */
  readonly link?: string;
}
