/**
 * Passes over core types: functions and modules. They only say what a module must be, which V8 checks
 * when it is instantiated, so nothing but their number is kept.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md#core-definitions
 */
import type { ByteReader } from '../../wasm/byte-reader.ts';
import {
  readMemoryType,
  skipGlobalType,
  skipTableType,
  skipTagType,
  skipValueType,
} from '../../wasm/types.ts';
import type { Definition } from './decoded-component.ts';
import { Scope } from './scope.ts';
import { unsupported } from './unsupported.ts';

const FUNC = 0x60;
const MODULE = 0x50;
const CORE_TYPE_SORT = 0x10;
const OUTER = 0x01;
/** 0x00 stands before a `sub` type, whose own code is that of a module type. */
const RECURSIVE: ReadonlySet<number> = new Set([0x00, 0x4e, 0x4f, 0x5e, 0x5f]);

/** Passes over a core type and adds it to the scope. */
export function readCoreType(reader: ByteReader, scope: Scope): Definition {
  const at = reader.offset;
  const code = reader.u8();
  if (code === FUNC) skipFunction(reader);
  else if (code === MODULE) skipModule(reader, scope);
  else if (RECURSIVE.has(code)) throw unsupported('recursive core types in a component');
  else throw reader.malformed('a core type', at);
  scope.define('core-type');
  return { at: at + reader.base, kind: 'core-type' };
}

function skipFunction(reader: ByteReader): void {
  for (let left = reader.count('parameters'); left > 0; left -= 1) skipValueType(reader);
  for (let left = reader.count('results'); left > 0; left -= 1) skipValueType(reader);
}

function skipModule(reader: ByteReader, outer: Scope): void {
  const scope = new Scope(outer.budget, outer);
  for (let left = reader.count('declarations'); left > 0; left -= 1) {
    scope.budget.addDefinition();
    const code = reader.u8();
    switch (code) {
      case 0:
        reader.name();
        reader.name();
        skipImportType(reader, scope);
        break;
      case 1:
        readCoreType(reader, scope);
        break;
      case 2:
        skipAlias(reader, scope);
        break;
      case 3:
        reader.name();
        skipImportType(reader, scope);
        break;
      default:
        throw reader.malformed('a declaration of a module type', reader.offset - 1);
    }
  }
}

function skipImportType(reader: ByteReader, scope: Scope): void {
  switch (reader.u8()) {
    case 0:
      scope.readIndex(reader, 'core-type');
      return;
    case 1:
      skipTableType(reader);
      return;
    case 2:
      readMemoryType(reader, 0);
      return;
    case 3:
      skipGlobalType(reader);
      return;
    case 4:
      skipTagType(reader);
      return;
    default:
      throw reader.malformed('the kind of a core import', reader.offset - 1);
  }
}

/** An outer alias of a core type: all that a module type may have. */
function skipAlias(reader: ByteReader, scope: Scope): void {
  const at = reader.offset;
  const isOuterType = reader.u8() === CORE_TYPE_SORT && reader.u8() === OUTER;
  if (!isOuterType) throw reader.malformed('an outer alias of a core type', at);
  let target: Scope | undefined = scope;
  for (let left = reader.u32(); left > 0 && target !== undefined; left -= 1) target = target.parent;
  if (target === undefined) throw reader.malformed('an enclosing scope', at);
  target.readIndex(reader, 'core-type');
  scope.define('core-type');
}
