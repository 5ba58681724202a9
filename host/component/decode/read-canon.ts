/**
 * Bytes → canonical functions: lifted and lowered functions with their options, and what makes, drops and
 * looks into resources. The built-ins of the asynchronous ABI are read by `read-async-canon.ts`.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md#canonical-definitions
 */
import type { ByteReader } from '../../wasm/byte-reader.ts';
import type { CanonDefinition, CanonicalOptions, Definition } from './decoded-component.ts';
import { readAsyncCanon } from './read-async-canon.ts';
import type { Scope } from './scope.ts';
import { unsupported } from './unsupported.ts';

const CANON = Object.freeze({
  lift: 0x00,
  lower: 0x01,
  resourceNew: 0x02,
  resourceDrop: 0x03,
  resourceRep: 0x04,
});
const ENCODINGS: readonly CanonicalOptions['encoding'][] = ['utf8', 'utf16', 'latin1+utf16'];
const OPTION = Object.freeze({
  memory: 3,
  realloc: 4,
  postReturn: 5,
  async: 6,
  callback: 7,
  last: 9,
});

/** Reads a canonical function and adds it to the scope. */
export function readCanon(reader: ByteReader, scope: Scope): Definition {
  const at = reader.offset;
  const canon = readCanonDefinition(reader, scope);
  scope.define(canon.kind === 'lift' ? 'func' : 'core-func');
  return { at: at + reader.base, kind: 'canon', canon };
}

function readCanonDefinition(reader: ByteReader, scope: Scope): CanonDefinition {
  const at = reader.offset;
  const code = reader.u8();
  switch (code) {
    case CANON.lift: {
      expectZero(reader);
      const core = scope.readIndex(reader, 'core-func');
      const options = readOptions(reader, scope, true);
      return { kind: 'lift', core, options, type: scope.readIndex(reader, 'type') };
    }
    case CANON.lower: {
      expectZero(reader);
      const func = scope.readIndex(reader, 'func');
      return { kind: 'lower', func, options: readOptions(reader, scope, false) };
    }
    case CANON.resourceNew:
      return { kind: 'resource-new', type: scope.readIndex(reader, 'type') };
    case CANON.resourceDrop:
      return { kind: 'resource-drop', type: scope.readIndex(reader, 'type') };
    case CANON.resourceRep:
      return { kind: 'resource-rep', type: scope.readIndex(reader, 'type') };
    default:
      return readAsyncCanon(reader, scope, code, at, () => readOptions(reader, scope, false));
  }
}

function readOptions(reader: ByteReader, scope: Scope, isLift: boolean): CanonicalOptions {
  let encoding: CanonicalOptions['encoding'] | undefined;
  let memory: number | undefined;
  let realloc: number | undefined;
  let postReturn: number | undefined;
  let isAsync: true | undefined;
  let callback: number | undefined;
  for (let left = reader.count('options'); left > 0; left -= 1) {
    const at = reader.offset;
    const code = reader.u8();
    const named = ENCODINGS[code];
    if (named !== undefined) {
      checkOnce(reader, encoding, at);
      encoding = named;
    } else if (code === OPTION.memory) {
      checkOnce(reader, memory, at);
      memory = scope.readIndex(reader, 'core-memory');
    } else if (code === OPTION.realloc) {
      checkOnce(reader, realloc, at);
      realloc = scope.readIndex(reader, 'core-func');
    } else if (code === OPTION.postReturn && isLift) {
      checkOnce(reader, postReturn, at);
      postReturn = scope.readIndex(reader, 'core-func');
    } else if (code === OPTION.async) {
      checkOnce(reader, isAsync, at);
      isAsync = true;
    } else if (code === OPTION.callback && isLift) {
      checkOnce(reader, callback, at);
      callback = scope.readIndex(reader, 'core-func');
    } else if (code > OPTION.callback && code <= OPTION.last) {
      throw unsupported('options of the garbage-collected ABI');
    } else {
      throw reader.malformed('an option', at);
    }
  }
  return {
    encoding: encoding ?? 'utf8',
    memory,
    realloc,
    postReturn,
    isAsync: isAsync === true,
    callback,
  };
}

function checkOnce(reader: ByteReader, before: unknown, at: number): void {
  if (before !== undefined) throw reader.malformed('every option once', at);
}

function expectZero(reader: ByteReader): void {
  if (reader.u8() !== 0) throw reader.malformed('a canonical function', reader.offset - 1);
}
