/**
 * The flat plan of a component: what is to be done, in order, to have an instance of it. Nested
 * components, aliases and index spaces are gone; so are the shim and fixup modules of wit-component,
 * because a JavaScript host binds late. Plain data: it is stored as JSON in the prepared artifact.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md
 */

import type { PlainBuiltin, TypedBuiltin } from './decode/decoded-component.ts';

/** A value type; resources are indices into `Plan.resources`. */
export type ValueType =
  | { readonly kind: PrimitiveKind }
  | { readonly kind: 'list'; readonly element: ValueType }
  | { readonly kind: 'record'; readonly fields: readonly NamedType[] }
  | { readonly kind: 'tuple'; readonly items: readonly ValueType[] }
  | { readonly kind: 'variant'; readonly cases: readonly VariantCase[] }
  | { readonly kind: 'enum'; readonly names: readonly string[] }
  | { readonly kind: 'option'; readonly some: ValueType }
  | {
      readonly kind: 'result';
      readonly ok: ValueType | undefined;
      readonly err: ValueType | undefined;
    }
  | { readonly kind: 'flags'; readonly names: readonly string[] }
  | { readonly kind: 'own' | 'borrow'; readonly resource: number }
  | { readonly kind: 'stream' | 'future'; readonly payload: ValueType | undefined };

/** Types without parts. */
export type PrimitiveKind =
  | 'bool'
  | 's8'
  | 'u8'
  | 's16'
  | 'u16'
  | 's32'
  | 'u32'
  | 's64'
  | 'u64'
  | 'f32'
  | 'f64'
  | 'char'
  | 'string';

export interface NamedType {
  readonly name: string;
  readonly type: ValueType;
}

export interface VariantCase {
  readonly name: string;
  readonly type: ValueType | undefined;
}

/** A component function's type. */
export interface FunctionType {
  /** Whether it is `async`; absent: no. */
  readonly isAsync?: true;
  readonly parameters: readonly NamedType[];
  readonly result: ValueType | undefined;
}

/** A core definition that some instance exports, or that the host makes. */
export type CoreRef =
  /** Export `name` of the instance made by the `instance`-th `instantiate` step. */
  | { readonly kind: 'export'; readonly instance: number; readonly name: string }
  /** The core function of `Plan.trampolines[index]`. */
  | { readonly kind: 'trampoline'; readonly index: number };

/** Options of `canon lift` and `canon lower`. */
export interface CanonOptions {
  readonly encoding: 'utf8' | 'utf16' | 'latin1+utf16';
  readonly memory: CoreRef | undefined;
  readonly realloc: CoreRef | undefined;
  readonly postReturn: CoreRef | undefined;
  /** Set if the core function is called by the asynchronous ABI; absent: no. */
  readonly isAsync?: true;
  /** Of an asynchronously lifted function: called with each event that it waits for. */
  readonly callback?: CoreRef;
}

/** A host function that the component imports. */
export interface ImportedFunction {
  /** Import name with version: `wasi:io/streams@0.2.3`; empty for a function imported at the root. */
  readonly interface: string;
  /** WIT name: `[method]output-stream.write`. */
  readonly name: string;
  readonly type: FunctionType;
}

/** A resource type, one for each distinct type at run time. */
export type ResourceType =
  /** The host's; two imports that are one type by a `type` equality are one entry. */
  | { readonly kind: 'imported'; readonly interface: string; readonly name: string }
  /** A component's own; its representation is an i32. */
  | { readonly kind: 'own'; readonly component: number; readonly destructor: CoreRef | undefined };

/** A function that a component exports, lifted. */
export interface Lift {
  /** Index of the component instance whose export this is. */
  readonly component: number;
  readonly core: CoreRef;
  readonly type: FunctionType;
  readonly options: CanonOptions;
}

/** A core function that the host makes. */
export type Trampoline =
  /** Calls `Plan.imports[import]`. */
  | {
      readonly kind: 'lower';
      readonly component: number;
      readonly import: number;
      readonly options: CanonOptions;
    }
  /** Calls `Plan.lifts[lift]`: two components of one composition. */
  | {
      readonly kind: 'adapter';
      readonly component: number;
      readonly lift: number;
      readonly options: CanonOptions;
    }
  | {
      readonly kind: 'resource-new' | 'resource-rep' | 'resource-drop';
      readonly component: number;
      readonly resource: number;
    }
  | AsyncBuiltin;

/** A core function of the asynchronous ABI that the host makes. */
export interface AsyncBuiltin {
  readonly kind: 'async-builtin';
  readonly component: number;
  readonly builtin: TypedBuiltin | PlainBuiltin | 'task-return';
  /** What a stream or future carries, or a task returns; undefined: nothing, or it has no type. */
  readonly payload: ValueType | undefined;
  readonly options: CanonOptions;
}

/** One step of instantiation. */
export type PlanStep =
  | {
      readonly kind: 'instantiate';
      /** Index into `Plan.modules`. */
      readonly module: number;
      readonly imports: readonly (readonly [module: string, field: string, value: CoreRef])[];
    }
  /** Calls a core function without parameters or results that a start section of the component names. */
  | { readonly kind: 'start'; readonly lift: number };

/** A function of an exported interface. */
export interface ExportedFunction {
  /** Export name with version: `wasi:http/incoming-handler@0.2.3`; empty for a function exported at the root. */
  readonly interface: string;
  readonly name: string;
  readonly lift: number;
}

/** Where a core module lies. */
export interface PlannedModule {
  /** Byte range in the component. */
  readonly offset: number;
  readonly bytes: number;
}

/** The plan. */
export interface Plan {
  /** Modules that some step instantiates; shims and fixups that were dropped are not among them. */
  readonly modules: readonly PlannedModule[];
  readonly imports: readonly ImportedFunction[];
  readonly resources: readonly ResourceType[];
  readonly lifts: readonly Lift[];
  readonly trampolines: readonly Trampoline[];
  readonly steps: readonly PlanStep[];
  readonly exports: readonly ExportedFunction[];
  /** Component instances: each has its own handle tables and flags. */
  readonly components: number;
}
