/**
 * Component bytes → tree of definitions. Everything that Binary.md gives a form is read; every index is
 * checked to be of something defined before it. What the definitions mean, and whether they fit each
 * other, is the business of flattening.
 *
 * Hostile bytes cost no more than their length: counts are bounded by the bytes that are left, and what
 * is kept by the limits.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md
 */
import { ByteReader } from '../../wasm/byte-reader.ts';
import type { DecodedComponent, Definition } from './decoded-component.ts';
import { readAlias } from './read-alias.ts';
import { readCanon } from './read-canon.ts';
import { readCoreType } from './read-core-type.ts';
import { readExport, readImport } from './read-extern.ts';
import { readCoreInstance, readInstance } from './read-instance.ts';
import { readType } from './read-type.ts';
import { DecodeBudget, Scope, type DecodeLimits } from './scope.ts';
import { unsupported, unsupportedReason } from './unsupported.ts';

const PREAMBLE: readonly number[] = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];
const SECTION = Object.freeze({ custom: 0, coreModule: 1, component: 4, start: 9, value: 12 });

type ReadDefinition = (reader: ByteReader, scope: Scope) => Definition;

/** Sections that are vectors of definitions. */
const VECTORS: ReadonlyMap<number, readonly [what: string, read: ReadDefinition]> = new Map([
  [2, ['core instances', readCoreInstance]],
  [3, ['core types', readCoreType]],
  [5, ['instances', readInstance]],
  [6, ['aliases', readAlias]],
  [7, ['types', readType]],
  [8, ['canonical functions', readCanon]],
  [10, ['imports', readImport]],
  [11, ['exports', readExport]],
]);

/**
 * Decodes a component.
 *
 * @param bytes The component.
 * @param limits `maxSections` (20,000), `maxDepth` (32), `maxDefinitions` (200,000), `maxParts` (500,000).
 * @throws {malformed_wasm} If it is not well-formed; says the offset in `bytes`.
 * @throws {wasm_too_complex} If a limit is passed.
 * @throws {unsupported_by_native} If it uses what the native engine leaves to the jco engine.
 */
export function decodeComponent(
  bytes: Uint8Array,
  limits: Partial<DecodeLimits> = {},
): DecodedComponent {
  return readComponent(new ByteReader(bytes), new Scope(new DecodeBudget(limits)), []);
}

/**
 * Decodes as much of a component as the native engine knows: all definitions before the first that it leaves to
 * the jco engine, or all there are.
 *
 * @param limits As for `decodeComponent`.
 * @throws {malformed_wasm} If what comes before is not well-formed.
 * @throws {wasm_too_complex} If a limit is passed.
 */
export function decodeKnownPart(
  bytes: Uint8Array,
  limits: Partial<DecodeLimits> = {},
): DecodedComponent {
  const definitions: Definition[] = [];
  try {
    readComponent(new ByteReader(bytes), new Scope(new DecodeBudget(limits)), definitions);
  } catch (error) {
    if (unsupportedReason(error) === undefined) throw error;
  }
  return { at: 0, definitions };
}

/** @param definitions Where they are added to: what was read before an error is there. */
function readComponent(
  reader: ByteReader,
  scope: Scope,
  definitions: Definition[],
): DecodedComponent {
  const at = reader.offset;
  readPreamble(reader);
  while (!reader.done) {
    scope.budget.addSection();
    const start = reader.offset;
    const id = reader.u8();
    const section = reader.sized('a section');
    const vector = VECTORS.get(id);
    if (vector !== undefined) {
      const [what, read] = vector;
      readVector(section, scope, definitions, what, read);
    } else if (id === SECTION.custom) {
      section.name();
    } else if (id === SECTION.coreModule) {
      definitions.push(readModule(section, scope));
    } else if (id === SECTION.component) {
      scope.budget.addDefinition();
      const component = readComponent(section, new Scope(scope.budget, scope), []);
      scope.define('component');
      definitions.push({ at: component.at, kind: 'component', component });
    } else if (id === SECTION.start) {
      definitions.push(readStart(section, scope));
    } else if (id === SECTION.value) {
      throw unsupported('values of components');
    } else {
      throw reader.malformed('the id of a section', start);
    }
  }
  return { at: at + reader.base, definitions };
}

function readPreamble(reader: ByteReader): void {
  for (const byte of PREAMBLE) {
    if (reader.u8() !== byte) {
      throw reader.malformed('the magic number and version of a component', reader.offset - 1);
    }
  }
}

function readVector(
  section: ByteReader,
  scope: Scope,
  definitions: Definition[],
  what: string,
  read: ReadDefinition,
): void {
  for (let left = section.count(what); left > 0; left -= 1) {
    scope.budget.addDefinition();
    definitions.push(read(section, scope));
  }
  section.expectEnd('the section');
}

function readModule(section: ByteReader, scope: Scope): Definition {
  scope.budget.addDefinition();
  scope.define('core-module');
  const offset = section.offset + section.base;
  return { at: offset, kind: 'core-module', offset, bytes: section.end - section.offset };
}

function readStart(section: ByteReader, scope: Scope): Definition {
  scope.budget.addDefinition();
  const at = section.offset + section.base;
  const func = scope.readIndex(section, 'func');
  const args = section.count('arguments');
  if (args > 0) throw unsupported('values of components');
  if (section.u32() > 0) throw unsupported('values of components');
  section.expectEnd('the section');
  return { at, kind: 'start', func };
}
