/**
 * Core module → what checks need to know about it besides its code: how many values types carry, which
 * functions are imported, where the bodies are, and which functions outside may call.
 */
import { ByteReader } from '../byte-reader.ts';
import { countImports } from '../count-imports.ts';
import { readSections, SECTION, type Section } from '../sections.ts';
import { readTypes } from '../types.ts';
import { EnteredFunctions } from './entered-functions.ts';

/** What is known about a module. */
export interface ModuleFacts {
  readonly bytes: Uint8Array;
  readonly sections: readonly Section[];
  /** Parameters of each type. */
  readonly parameters: readonly number[];
  /** Results of each type. */
  readonly results: readonly number[];
  readonly importedFunctions: number;
  /** Type of each function with a body. */
  readonly functionTypes: readonly number[];
  /** Bounds of the bodies: three numbers each, offset of the size, of the body, and after it. */
  readonly bodies: readonly number[];
  /** Functions that something outside may call, imported ones included. */
  readonly entered: ReadonlySet<number>;
}

/** A vector without elements. */
const NOTHING = new Uint8Array(1);

/**
 * Reads a module.
 *
 * @throws {malformed_wasm} If it is not well-formed.
 */
export function readModuleFacts(bytes: Uint8Array): ModuleFacts {
  const sections = readSections(bytes);
  const read = (id: number): ByteReader => {
    const section = sections.find((one) => one.id === id);
    if (section === undefined) return new ByteReader(NOTHING);
    return new ByteReader(bytes, section.contents, section.end);
  };
  const types = readTypes(read(SECTION.type));
  const importedFunctions = countImports(read(SECTION.import)).functions;
  const functionTypes = readFunctionTypes(read(SECTION.function));
  const bodies = readBounds(read(SECTION.code));
  if (bodies.length !== functionTypes.length * 3) {
    throw read(SECTION.code).malformed('a body for every function');
  }
  if (functionTypes.some((type) => type >= types.length)) {
    throw read(SECTION.function).malformed('functions of types that there are');
  }
  const entered = new EnteredFunctions(importedFunctions + functionTypes.length);
  for (const { id, contents, end } of sections) {
    entered.walk(id, new ByteReader(bytes, contents, end));
  }
  return {
    bytes,
    sections,
    parameters: types.map((type) => type.parameters),
    results: types.map((type) => type.results),
    importedFunctions,
    functionTypes,
    bodies,
    entered: entered.functions,
  };
}

function readFunctionTypes(reader: ByteReader): number[] {
  const types: number[] = [];
  for (let left = reader.count('functions'); left > 0; left -= 1) types.push(reader.u32());
  return types;
}

function readBounds(reader: ByteReader): number[] {
  const bounds: number[] = [];
  for (let left = reader.count('function bodies'); left > 0; left -= 1) {
    const sizeAt = reader.offset;
    const body = reader.sized('a function body');
    bounds.push(sizeAt, body.offset, body.end);
  }
  return bounds;
}
