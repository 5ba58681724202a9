/**
 * The parts of the WebAssembly JavaScript API that this host uses, as types. TypeScript keeps them in
 * its DOM library, which would bring a browser's globals along, and does not know JSPI yet.
 *
 * @see https://webassembly.github.io/spec/js-api/ and the JavaScript Promise Integration proposal.
 */
declare namespace WebAssembly {
  type ImportExportKind = 'function' | 'global' | 'memory' | 'table' | 'tag';
  type ExportValue = Function | Global | Memory | Table;
  type Exports = Record<string, ExportValue>;
  type Imports = Record<string, Record<string, unknown>>;

  class CompileError extends Error {}
  class LinkError extends Error {}
  class RuntimeError extends Error {}
  const SuspendError: (new () => Error) | undefined;

  class Module {
    constructor(bytes: Uint8Array);
    static exports(module: Module): { name: string; kind: ImportExportKind }[];
    static imports(module: Module): { module: string; name: string; kind: ImportExportKind }[];
    static customSections(module: Module, name: string): ArrayBuffer[];
  }
  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Exports;
  }
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number; shared?: boolean });
    readonly buffer: ArrayBuffer;
    grow(delta: number): number;
  }
  class Table {
    constructor(descriptor: {
      element: 'anyfunc' | 'externref';
      initial: number;
      maximum?: number;
    });
    readonly length: number;
    get(index: number): unknown;
    set(index: number, value?: unknown): void;
    grow(delta: number): number;
  }
  class Global {
    constructor(
      descriptor: { value: 'i32' | 'i64' | 'f32' | 'f64'; mutable?: boolean },
      value?: unknown,
    );
    value: unknown;
  }
  /** Wraps an import whose promise suspends the guest. */
  class Suspending {
    constructor(target: Function);
  }
  /** Makes an export that returns a promise and may be suspended. */
  function promising(target: Function): (...parameters: never[]) => Promise<unknown>;
  function validate(bytes: Uint8Array): boolean;
  function compile(bytes: Uint8Array): Promise<Module>;
  function instantiate(module: Module, imports?: Imports): Promise<Instance>;
}
