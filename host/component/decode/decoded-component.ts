/**
 * The tree that decoding makes of a component: its definitions in the order of the binary, every index
 * checked against what was defined before. What the indices mean is found by flattening.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md
 */
import type { PrimitiveKind } from '../plan.ts';

/** Index spaces of the core language, as a component has them. */
export type CoreSort =
  | 'core-func'
  | 'core-table'
  | 'core-memory'
  | 'core-global'
  | 'core-tag'
  | 'core-type'
  | 'core-module'
  | 'core-instance';

/** Index spaces. */
export type Sort = CoreSort | 'func' | 'value' | 'type' | 'component' | 'instance';

/** Something by its place in an index space. */
export interface SortedIndex {
  readonly sort: Sort;
  readonly index: number;
}

/** An argument or an export of a group: a name for something. */
export interface NamedIndex extends SortedIndex {
  readonly name: string;
}

/** A value type where one is used: a primitive, or an index into the types. */
export type ValueReference = PrimitiveKind | number;

/** A parameter or a field. */
export interface Labelled {
  readonly name: string;
  readonly type: ValueReference;
}

/** A case of a variant. */
export interface LabelledCase {
  readonly name: string;
  readonly type: ValueReference | undefined;
}

/** A value type where it is defined. */
export type ValueDefinition =
  | { readonly kind: 'primitive'; readonly primitive: PrimitiveKind }
  | { readonly kind: 'list'; readonly element: ValueReference }
  | { readonly kind: 'record'; readonly fields: readonly Labelled[] }
  | { readonly kind: 'tuple'; readonly items: readonly ValueReference[] }
  | { readonly kind: 'variant'; readonly cases: readonly LabelledCase[] }
  | { readonly kind: 'enum' | 'flags'; readonly names: readonly string[] }
  | { readonly kind: 'option'; readonly some: ValueReference }
  | {
      readonly kind: 'result';
      readonly ok: ValueReference | undefined;
      readonly err: ValueReference | undefined;
    }
  | { readonly kind: 'own' | 'borrow'; readonly resource: number }
  /** `payload` undefined: a stream of nothing but events, a future without a value. */
  | { readonly kind: 'stream' | 'future'; readonly payload: ValueReference | undefined };

/** A function type. */
export interface FunctionDefinition {
  readonly kind: 'func';
  /** Whether it may wait, which callers must be told; the type is another one then. */
  readonly isAsync: boolean;
  readonly parameters: readonly Labelled[];
  readonly result: ValueReference | undefined;
}

/** A type of any kind. */
export type TypeDefinition =
  | ValueDefinition
  | FunctionDefinition
  | {
      readonly kind: 'component-type' | 'instance-type';
      readonly declarations: readonly Definition[];
    }
  | { readonly kind: 'resource'; readonly destructor: number | undefined };

/** What an import must be given, or an export is said to be. */
export type ExternType =
  | { readonly kind: 'func' | 'component' | 'instance' | 'core-module'; readonly type: number }
  | { readonly kind: 'type-equal'; readonly type: number }
  | { readonly kind: 'type-resource' };

/** Options of `canon lift` and `canon lower`. */
export interface CanonicalOptions {
  readonly encoding: 'utf8' | 'utf16' | 'latin1+utf16';
  readonly memory: number | undefined;
  readonly realloc: number | undefined;
  readonly postReturn: number | undefined;
  readonly isAsync: boolean;
  /** Called with each event that an asynchronous function waits for. */
  readonly callback: number | undefined;
}

/** A canonical function. */
export type CanonDefinition =
  | {
      readonly kind: 'lift';
      readonly core: number;
      readonly type: number;
      readonly options: CanonicalOptions;
    }
  | { readonly kind: 'lower'; readonly func: number; readonly options: CanonicalOptions }
  | {
      readonly kind: 'resource-new' | 'resource-rep' | 'resource-drop';
      readonly type: number;
    }
  | AsyncCanonDefinition;

/** A built-in function of the asynchronous ABI. */
export type AsyncCanonDefinition =
  | {
      readonly kind: 'task-return';
      readonly result: ValueReference | undefined;
      readonly options: CanonicalOptions;
    }
  /** Built-ins of a type: `stream.new` … */
  | {
      readonly kind: TypedBuiltin;
      readonly type: number;
      readonly options: CanonicalOptions;
    }
  | { readonly kind: PlainBuiltin; readonly options: CanonicalOptions };

/** What `stream` and `future` built-ins do. */
export type EndOperation =
  | 'new'
  | 'read'
  | 'write'
  | 'cancel-read'
  | 'cancel-write'
  | 'drop-readable'
  | 'drop-writable';

/** Built-ins that name the type of a stream or future. */
export type TypedBuiltin = `${'stream' | 'future'}-${EndOperation}`;

/** Built-ins that name no type. */
export type PlainBuiltin =
  | 'task-cancel'
  | 'context-get'
  | 'context-set'
  | 'backpressure-inc'
  | 'backpressure-dec'
  | 'thread-yield'
  | 'subtask-cancel'
  | 'subtask-drop'
  | 'waitable-set-new'
  | 'waitable-set-wait'
  | 'waitable-set-poll'
  | 'waitable-set-drop'
  | 'waitable-join';

/** Where an alias finds what it names. */
export type AliasTarget =
  | { readonly kind: 'export' | 'core-export'; readonly instance: number; readonly name: string }
  /** `index` in the index space of the scope `count` levels out. */
  | { readonly kind: 'outer'; readonly count: number; readonly index: number };

/** One definition; `at` is the offset of its first byte in the uploaded file. */
export type Definition = { readonly at: number } & (
  | { readonly kind: 'core-module'; readonly offset: number; readonly bytes: number }
  | {
      readonly kind: 'core-instantiate';
      readonly module: number;
      readonly arguments: readonly NamedIndex[];
    }
  | { readonly kind: 'core-exports'; readonly exports: readonly NamedIndex[] }
  | { readonly kind: 'core-type' }
  | { readonly kind: 'component'; readonly component: DecodedComponent }
  | {
      readonly kind: 'instantiate';
      readonly component: number;
      readonly arguments: readonly NamedIndex[];
    }
  | { readonly kind: 'exports'; readonly exports: readonly NamedIndex[] }
  | { readonly kind: 'alias'; readonly sort: Sort; readonly target: AliasTarget }
  | { readonly kind: 'type'; readonly type: TypeDefinition }
  | { readonly kind: 'canon'; readonly canon: CanonDefinition }
  | { readonly kind: 'start'; readonly func: number }
  | { readonly kind: 'import'; readonly name: string; readonly type: ExternType }
  | {
      readonly kind: 'export';
      readonly name: string;
      readonly item: SortedIndex;
      readonly type: ExternType | undefined;
    }
  /** An export that a component type or instance type promises. */
  | { readonly kind: 'export-declaration'; readonly name: string; readonly type: ExternType }
);

/** A component. */
export interface DecodedComponent {
  /** Offset of its magic number in the uploaded file. */
  readonly at: number;
  readonly definitions: readonly Definition[];
}
