/**
 * Component bytes → what deploy must know before any other tool may see them: imports, exports, the core
 * modules within, and every name, at every depth of nesting.
 *
 * Follows Binary.md of the component model. Sections that hold no core names (types, canonical
 * functions) are passed over: whoever compiles the component validates them.
 */
import { HostError } from '../base/errors.ts';
import { ByteReader } from '../wasm/byte-reader.ts';
import { readCoreNames, type PlacedName } from '../wasm/core-names.ts';
import {
  readExport,
  readImport,
  walkAlias,
  walkCoreInstance,
  walkInstance,
  type ComponentItem,
  type NameVisitor,
} from './component-items.ts';

/** A core module within a component. */
export interface EmbeddedModule {
  /** Where it starts in the component. */
  readonly offset: number;
  /** A view, no copy. */
  readonly bytes: Uint8Array;
  /** What to call it: `core module 0`, `component 1 > core module 0`. */
  readonly path: string;
}

/** What a component holds. */
export interface ComponentScan {
  readonly imports: readonly ComponentItem[];
  readonly exports: readonly ComponentItem[];
  readonly modules: readonly EmbeddedModule[];
  /** Names of imports, exports, aliases and arguments, of core modules and of components, nested ones too. */
  readonly names: readonly PlacedName[];
}

/** Limits of a scan. */
export interface ScanLimits {
  /** Sections of all components together. */
  readonly maxSections: number;
  /** Components within components. */
  readonly maxDepth: number;
  /** Imports of each core module, and of all components together. */
  readonly maxImports: number;
  readonly maxNames: number;
}

/** Far above what toolchains make (a Python component has 10,000 names) and cheap to look through. */
const DEFAULT_LIMITS: ScanLimits = {
  maxSections: 20_000,
  maxDepth: 32,
  maxImports: 5000,
  maxNames: 200_000,
};
const PREAMBLE: readonly number[] = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];
const SECTION = Object.freeze({
  custom: 0,
  coreModule: 1,
  coreInstance: 2,
  component: 4,
  instance: 5,
  alias: 6,
  import: 10,
  export: 11,
  last: 12,
});

/**
 * Looks through a component.
 *
 * @param bytes The component.
 * @param limits `maxSections` (20,000), `maxDepth` (32), `maxImports` (5,000), `maxNames` (200,000).
 * @throws {malformed_wasm} If it is not well-formed.
 * @throws {wasm_too_complex} If it has more sections, depth or names than allowed.
 * @throws {too_many_imports} If it, or a core module in it, imports more than allowed.
 */
export function scanComponent(bytes: Uint8Array, limits: Partial<ScanLimits> = {}): ComponentScan {
  const scan = new Scan(bytes, { ...DEFAULT_LIMITS, ...limits });
  const { imports, exports } = scan.walkComponent(new ByteReader(bytes), '', 0);
  return { imports, exports, modules: scan.modules, names: scan.names };
}

/** The state of one scan. */
class Scan {
  readonly modules: EmbeddedModule[] = [];
  readonly names: PlacedName[] = [];
  readonly #bytes: Uint8Array;
  readonly #limits: ScanLimits;
  #sections = 0;
  #imports = 0;

  constructor(bytes: Uint8Array, limits: ScanLimits) {
    this.#bytes = bytes;
    this.#limits = limits;
  }

  /** @param path What the component is called, with ` > ` at the end; empty for the outermost. */
  walkComponent(
    reader: ByteReader,
    path: string,
    depth: number,
  ): { imports: ComponentItem[]; exports: ComponentItem[] } {
    this.#check('levels of nested components', depth, this.#limits.maxDepth);
    readPreamble(reader);
    const imports: ComponentItem[] = [];
    const exports: ComponentItem[] = [];
    const visit: NameVisitor = (name, what) => {
      const owner = path === '' ? 'the component' : path.slice(0, -3);
      this.#addNames([{ name, where: `${what} of ${owner}` }]);
    };
    let modules = 0;
    let components = 0;
    while (!reader.done) {
      this.#sections += 1;
      this.#check('sections', this.#sections, this.#limits.maxSections);
      const start = reader.offset;
      const id = reader.u8();
      const section = reader.sized('a section');
      switch (id) {
        case SECTION.custom:
          section.name();
          break;
        case SECTION.coreModule:
          this.#addModule(section, `${path}core module ${modules}`);
          modules += 1;
          break;
        case SECTION.component:
          this.walkComponent(section, `${path}component ${components} > `, depth + 1);
          components += 1;
          break;
        case SECTION.import:
          readEach(section, 'imports', () => {
            this.#countImport();
            imports.push(readImport(section, visit));
          });
          break;
        case SECTION.export:
          readEach(section, 'exports', () => exports.push(readExport(section, visit)));
          break;
        case SECTION.coreInstance:
          readEach(section, 'core instances', () => walkCoreInstance(section, visit));
          break;
        case SECTION.instance:
          readEach(section, 'instances', () => walkInstance(section, visit));
          break;
        case SECTION.alias:
          readEach(section, 'aliases', () => walkAlias(section, visit));
          break;
        default:
          if (id > SECTION.last) throw reader.malformed('the id of a section', start);
      }
    }
    return { imports, exports };
  }

  #addModule(section: ByteReader, path: string): void {
    const bytes = this.#bytes.subarray(section.offset, section.end);
    const { maxImports } = this.#limits;
    this.#addNames(readCoreNames(bytes, path, { base: section.offset, maxImports }));
    this.modules.push({ offset: section.offset, bytes, path });
  }

  #addNames(names: readonly PlacedName[]): void {
    for (const name of names) this.names.push(name);
    this.#check('names', this.names.length, this.#limits.maxNames);
  }

  #countImport(): void {
    this.#imports += 1;
    const limit = this.#limits.maxImports;
    if (this.#imports > limit) throw new HostError('too_many_imports', { limit });
  }

  #check(what: string, count: number, limit: number): void {
    if (count > limit) throw new HostError('wasm_too_complex', { what, limit });
  }
}

function readPreamble(reader: ByteReader): void {
  for (const byte of PREAMBLE) {
    if (reader.u8() !== byte) {
      throw reader.malformed('the magic number and version of a component', reader.offset - 1);
    }
  }
}

function readEach(section: ByteReader, what: string, read: () => void): void {
  for (let left = section.count(what); left > 0; left -= 1) read();
  section.expectEnd('the section');
}
