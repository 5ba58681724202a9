/**
 * Bytes → built-in functions of the asynchronous ABI: tasks and what they wait for, streams and futures. Threads
 * and error contexts are recognised and not offered.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md#canonical-definitions
 */
import type { ByteReader } from '../../wasm/byte-reader.ts';
import type {
  AsyncCanonDefinition,
  CanonicalOptions,
  EndOperation,
  PlainBuiltin,
} from './decoded-component.ts';
import { readOptional, readValueReference } from './read-value-type.ts';
import type { Scope } from './scope.ts';
import { unsupported } from './unsupported.ts';

const CODE = Object.freeze({
  taskReturn: 0x09,
  contextGet: 0x0a,
  contextSet: 0x0b,
  threadYield: 0x0c,
  subtaskCancel: 0x06,
  waitableSetWait: 0x20,
  waitableSetPoll: 0x21,
  firstStream: 0x0e,
  firstFuture: 0x15,
  afterFuture: 0x1c,
  errorContextDrop: 0x1e,
  lastKnown: 0x4f,
});

/** Built-ins that nothing follows but an option. */
const PLAIN: ReadonlyMap<number, PlainBuiltin> = new Map([
  [0x05, 'task-cancel'],
  [CODE.subtaskCancel, 'subtask-cancel'],
  [CODE.contextGet, 'context-get'],
  [CODE.contextSet, 'context-set'],
  [CODE.threadYield, 'thread-yield'],
  [0x0d, 'subtask-drop'],
  [0x1f, 'waitable-set-new'],
  [CODE.waitableSetWait, 'waitable-set-wait'],
  [CODE.waitableSetPoll, 'waitable-set-poll'],
  [0x22, 'waitable-set-drop'],
  [0x23, 'waitable-join'],
  [0x24, 'backpressure-inc'],
  [0x25, 'backpressure-dec'],
]);

/** Operations of streams, and of futures, in the order of their codes. */
const OPERATIONS: readonly EndOperation[] = [
  'new',
  'read',
  'write',
  'cancel-read',
  'cancel-write',
  'drop-readable',
  'drop-writable',
];
const I32 = 0x7f;
const NO_OPTIONS: CanonicalOptions = {
  encoding: 'utf8',
  memory: undefined,
  realloc: undefined,
  postReturn: undefined,
  isAsync: false,
  callback: undefined,
};

/**
 * Reads what follows the code of a built-in.
 *
 * @param code Its code, already read; `at` is where it stood.
 * @param readOptions Reads a vector of options.
 * @throws {unsupported_by_native} If it is a built-in that is not offered.
 */
export function readAsyncCanon(
  reader: ByteReader,
  scope: Scope,
  code: number,
  at: number,
  readOptions: () => CanonicalOptions,
): AsyncCanonDefinition {
  if (code === CODE.taskReturn) {
    const result = readResult(reader, scope);
    return { kind: 'task-return', result, options: readOptions() };
  }
  if (code >= CODE.firstStream && code < CODE.afterFuture) {
    const sort = code < CODE.firstFuture ? 'stream' : 'future';
    const first = code < CODE.firstFuture ? CODE.firstStream : CODE.firstFuture;
    const operation = OPERATIONS[code - first] ?? 'new';
    const type = scope.readIndex(reader, 'type');
    if (operation === 'read' || operation === 'write') {
      return { kind: `${sort}-${operation}`, type, options: readOptions() };
    }
    const isCancel = operation === 'cancel-read' || operation === 'cancel-write';
    const options = { ...NO_OPTIONS, isAsync: isCancel && readFlag(reader) };
    return { kind: `${sort}-${operation}`, type, options };
  }
  const kind = PLAIN.get(code);
  if (kind !== undefined) return { kind, options: readPlainOptions(reader, scope, code) };
  if (code >= CODE.afterFuture && code <= CODE.errorContextDrop) {
    throw unsupported('error contexts');
  }
  if (code <= CODE.lastKnown) throw unsupported('built-ins for threads');
  throw reader.malformed('a canonical function', at);
}

function readPlainOptions(reader: ByteReader, scope: Scope, code: number): CanonicalOptions {
  switch (code) {
    case CODE.contextGet:
    case CODE.contextSet:
      if (reader.u8() !== I32) throw unsupported('context of 64 bits');
      if (reader.u32() !== 0) throw unsupported('more than one place of context');
      return NO_OPTIONS;
    case CODE.subtaskCancel:
      return { ...NO_OPTIONS, isAsync: readFlag(reader) };
    case CODE.waitableSetWait:
    case CODE.waitableSetPoll:
      expectZero(reader);
      return { ...NO_OPTIONS, memory: scope.readIndex(reader, 'core-memory') };
    case CODE.threadYield:
      expectZero(reader);
      return NO_OPTIONS;
    default:
      return NO_OPTIONS;
  }
}

/** A result as function types have it: of a type, or none. */
function readResult(reader: ByteReader, scope: Scope): ReturnType<typeof readOptional> {
  const at = reader.offset;
  const form = reader.u8();
  if (form === 0) return readValueReference(reader, scope);
  if (form !== 1 || reader.u8() !== 0) throw reader.malformed('one result or none', at);
  return undefined;
}

function readFlag(reader: ByteReader): boolean {
  const flag = reader.u8();
  if (flag > 1) throw reader.malformed('0 or 1', reader.offset - 1);
  return flag === 1;
}

/** Here stood whether the call may be cancelled, which the specification took back. */
function expectZero(reader: ByteReader): void {
  if (reader.u8() !== 0) throw reader.malformed('0', reader.offset - 1);
}
