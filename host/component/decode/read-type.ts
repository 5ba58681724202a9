/**
 * Bytes → type definitions: value types, functions, resources, and the types of components and instances,
 * whose declarations are definitions in a scope of their own.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md#type-definitions
 */
import type { ByteReader } from '../../wasm/byte-reader.ts';
import type { Definition, FunctionDefinition, TypeDefinition } from './decoded-component.ts';
import { readAlias } from './read-alias.ts';
import { readCoreType } from './read-core-type.ts';
import { readExportDeclaration, readImport } from './read-extern.ts';
import { readLabelled, readValueDefinition, readValueReference } from './read-value-type.ts';
import { Scope } from './scope.ts';
import { unsupported } from './unsupported.ts';

const FORM = Object.freeze({
  asyncResource: 0x3e,
  resource: 0x3f,
  func: 0x40,
  component: 0x41,
  instance: 0x42,
  asyncFunc: 0x43,
});
const DECLARATION = Object.freeze({ coreType: 0, type: 1, alias: 2, import: 3, export: 4 });
/** What a resource is represented by: i32 is all there is. */
const REP_I32 = 0x7f;

/**
 * Reads a type and adds it to the scope.
 *
 * @throws {unsupported_by_native} If it is one that the native engine does not know.
 */
export function readType(reader: ByteReader, scope: Scope): Definition {
  const at = reader.offset;
  const type = readTypeDefinition(reader, scope, false);
  scope.define('type');
  return { at: at + reader.base, kind: 'type', type };
}

function readTypeDefinition(
  reader: ByteReader,
  scope: Scope,
  isDeclaration: boolean,
): TypeDefinition {
  const at = reader.offset;
  const code = reader.u8();
  switch (code) {
    case FORM.func:
    case FORM.asyncFunc:
      return readFunction(reader, scope, code === FORM.asyncFunc);
    case FORM.component:
      return { kind: 'component-type', declarations: readDeclarations(reader, scope, true) };
    case FORM.instance:
      return { kind: 'instance-type', declarations: readDeclarations(reader, scope, false) };
    case FORM.resource:
      if (isDeclaration) throw reader.malformed('a type that may be declared', at);
      return { kind: 'resource', destructor: readDestructor(reader, scope) };
    case FORM.asyncResource:
      throw unsupported('asynchronous destructors');
    default: {
      const value = readValueDefinition(reader, scope, code);
      if (value === undefined) throw reader.malformed('a type', at);
      return value;
    }
  }
}

function readFunction(reader: ByteReader, scope: Scope, isAsync: boolean): FunctionDefinition {
  const parameters = readLabelled(reader, scope, 'parameters', 0);
  const at = reader.offset;
  const form = reader.u8();
  if (form === 0) {
    return { kind: 'func', isAsync, parameters, result: readValueReference(reader, scope) };
  }
  if (form !== 1 || reader.u8() !== 0) throw reader.malformed('one result or none', at);
  return { kind: 'func', isAsync, parameters, result: undefined };
}

function readDestructor(reader: ByteReader, scope: Scope): number | undefined {
  if (reader.u8() !== REP_I32) throw reader.malformed('i32', reader.offset - 1);
  const code = reader.u8();
  if (code > 1) throw reader.malformed('whether there is a destructor', reader.offset - 1);
  return code === 0 ? undefined : scope.readIndex(reader, 'core-func');
}

/** Reads what a component type or an instance type declares. */
function readDeclarations(reader: ByteReader, outer: Scope, isComponent: boolean): Definition[] {
  const scope = new Scope(outer.budget, outer);
  const declarations: Definition[] = [];
  for (let left = reader.count('declarations'); left > 0; left -= 1) {
    scope.budget.addDefinition();
    const at = reader.offset;
    const code = reader.u8();
    switch (code) {
      case DECLARATION.coreType:
        declarations.push(readCoreType(reader, scope));
        break;
      case DECLARATION.type: {
        const type = readTypeDefinition(reader, scope, true);
        scope.define('type');
        declarations.push({ at: at + reader.base, kind: 'type', type });
        break;
      }
      case DECLARATION.alias:
        declarations.push(readAlias(reader, scope));
        break;
      case DECLARATION.export:
        declarations.push(readExportDeclaration(reader, scope));
        break;
      default:
        if (code !== DECLARATION.import || !isComponent) {
          throw reader.malformed('a declaration', at);
        }
        declarations.push(readImport(reader, scope));
    }
  }
  return declarations;
}
