/**
 * What the index spaces of a component hold while it is flattened: not indices any more, but the things
 * themselves. An item that came through ten aliases is the same object as where it was defined.
 */
import type { DecodedComponent, Definition } from '../decode/decoded-component.ts';
import type { CanonOptions, CoreRef, FunctionType, ValueType } from '../plan.ts';
import type { CoreSignature, CoreValueType } from './core-interface.ts';
import type { CoreModule } from './core-module.ts';
import type { Environment } from './environment.ts';

/** Sorts of what core instances export. */
export type CoreExternSort =
  | 'core-func'
  | 'core-table'
  | 'core-memory'
  | 'core-global'
  | 'core-tag';

/** Something that a core instance exports, or a function that the host makes. */
export interface CoreItem {
  readonly sort: CoreExternSort;
  readonly ref: CoreRef;
  /** Of a function. */
  readonly signature: CoreSignature | undefined;
  /** Whether it is a memory with 64-bit addresses. */
  readonly is64: boolean;
}

/** What a core instance exports; undefined for a name it does not. */
export type CoreInstance = (name: string) => CoreItem | undefined;

/** What the canonical ABI must know of a value type; found while the type is built, so that nobody walks it again. */
export interface ValueFacts {
  /** Core values that it flattens to; undefined if they are more than 16. */
  readonly flat: readonly CoreValueType[] | undefined;
  /** Whether a list or string is in it. */
  readonly hasPointers: boolean;
  /** Whether a borrowed handle is in it. */
  readonly hasBorrows: boolean;
  /** Whether a stream or future is in it. */
  readonly hasEnds: boolean;
  /** About how many bytes it takes in the plan; expanded, as the plan has no shared parts. */
  readonly planBytes: number;
  /** Types within types. */
  readonly depth: number;
}

/** A type that values have. */
export interface ValueTypeItem {
  readonly sort: 'type';
  readonly kind: 'value';
  readonly type: ValueType;
  readonly facts: ValueFacts;
}

/** A function's type. */
export interface FunctionTypeItem {
  readonly sort: 'type';
  readonly kind: 'func';
  readonly type: FunctionType;
  readonly parameters: ValueFacts;
  readonly result: ValueFacts | undefined;
  readonly planBytes: number;
}

/** A resource type: its index in the plan. */
export interface ResourceTypeItem {
  readonly sort: 'type';
  readonly kind: 'resource';
  readonly resource: number;
}

/** The type of an instance or a component: what it declares, and where that was written. */
export interface ScopeTypeItem {
  readonly sort: 'type';
  readonly kind: 'instance-type' | 'component-type';
  readonly declarations: readonly Definition[];
  readonly environment: Environment;
}

export type TypeItem = ValueTypeItem | FunctionTypeItem | ResourceTypeItem | ScopeTypeItem;

/** A function of a component. */
export interface FunctionItem {
  readonly sort: 'func';
  readonly type: FunctionTypeItem;
  readonly source:
    | { readonly kind: 'imported'; readonly interface: string; readonly name: string }
    | {
        readonly kind: 'lifted';
        readonly component: number;
        readonly core: CoreItem;
        readonly options: CanonOptions;
      };
}

/** An instance of a component, or a group of exports. */
export interface InstanceItem {
  readonly sort: 'instance';
  readonly exports: ReadonlyMap<string, Item>;
}

/** A component, and where it was defined: its outer aliases mean what is there. */
export interface ComponentItem {
  readonly sort: 'component';
  readonly component: DecodedComponent;
  readonly environment: Environment;
}

/** A core module. */
export interface ModuleItem {
  readonly sort: 'core-module';
  readonly module: CoreModule;
}

/** What components import and export. */
export type Item = TypeItem | FunctionItem | InstanceItem | ComponentItem | ModuleItem;
