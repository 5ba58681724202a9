/**
 * Bodies of the functions that the rewriting appends to a module: growing a table after asking the host,
 * and what a check calls when the epoch has moved.
 */
import { ByteWriter } from './byte-writer.ts';

const OP = Object.freeze({
  block: 0x02,
  if: 0x04,
  try: 0x06,
  end: 0x0b,
  return: 0x0f,
  call: 0x10,
  catchAll: 0x19,
  drop: 0x1a,
  tryTable: 0x1f,
  localGet: 0x20,
  localTee: 0x22,
  i32Const: 0x41,
  i64Const: 0x42,
  i32Eqz: 0x45,
  i32Eq: 0x46,
  i32LessSigned: 0x48,
  i64Eq: 0x51,
  i64GreaterUnsigned: 0x56,
  i32Sub: 0x6b,
  i32Wrap: 0xa7,
  misc: 0xfc,
});
const TABLE_GROW = 0x0f;
/** Block type of a block without parameters and results. */
const VOID = 0x40;
/** `catch_all` clause of a `try_table`. */
const CATCH_ALL = 0x02;
const I32 = 0x7f;
const I64 = 0x7e;
/** -1 as a signed LEB128 number, and 2^31-1. */
const MINUS_ONE = 0x7f;
const MOST_ENTRIES = [0xff, 0xff, 0xff, 0xff, 0x07];

/**
 * Builds the function that stands for `table.grow`: `(value, entries) → previous size or -1`.
 *
 * @param table Index of the table.
 * @param is64 Whether its indices have 64 bits.
 * @param chargeTable Function of the host that grants entries, and takes back (as a negative number) what was
 *   granted and not used. More entries than fit a positive i32 are more than V8 makes.
 */
export function buildGrowTable(table: number, is64: boolean, chargeTable: number): Uint8Array {
  const writer = new ByteWriter(64);
  // One local besides the parameters: what table.grow answers.
  write(writer, 1, 1, is64 ? I64 : I32, OP.localGet, 1);
  if (is64) write(writer, OP.i64Const, ...MOST_ENTRIES, OP.i64GreaterUnsigned);
  else write(writer, OP.i32Const, 0, OP.i32LessSigned);
  refuse(writer, is64);
  writeEntries(writer, is64);
  call(writer, chargeTable);
  write(writer, OP.i32Eqz);
  refuse(writer, is64);
  write(writer, OP.localGet, 0, OP.localGet, 1, OP.misc, TABLE_GROW);
  writer.unsigned(table);
  write(writer, OP.localTee, 2, is64 ? OP.i64Const : OP.i32Const, MINUS_ONE);
  write(writer, is64 ? OP.i64Eq : OP.i32Eq, OP.if, VOID, OP.i32Const, 0);
  writeEntries(writer, is64);
  write(writer, OP.i32Sub);
  call(writer, chargeTable);
  write(writer, OP.drop, OP.end, OP.localGet, 2, OP.end);
  return writer.finish();
}

/** Ends the function with -1 if the topmost operand is not zero. */
function refuse(writer: ByteWriter, is64: boolean): void {
  const constant = is64 ? OP.i64Const : OP.i32Const;
  write(writer, OP.if, VOID, constant, MINUS_ONE, OP.return, OP.end);
}

function writeEntries(writer: ByteWriter, is64: boolean): void {
  write(writer, OP.localGet, 1);
  if (is64) write(writer, OP.i32Wrap);
}

/** Functions of the host that `buildSlowCheck` calls, by their indices. */
export interface CheckFunctions {
  readonly expired: number;
  readonly yield: number;
  readonly nested: number;
}

/**
 * Builds the function that a check calls when the epoch has moved: `if expired, yield`, and `nested` if
 * yielding was impossible. V8 raises that as an exception, before it calls the host, which only wasm on
 * this side of the JavaScript in between can catch. Endings of the guest are never caught.
 *
 * @param legacy Whether to use the exceptions before `try_table`; V8 takes one kind in a module.
 */
export function buildSlowCheck(functions: CheckFunctions, legacy: boolean): Uint8Array {
  const writer = new ByteWriter(64);
  write(writer, 0);
  call(writer, functions.expired);
  write(writer, OP.if, VOID);
  if (legacy) {
    write(writer, OP.try, VOID);
    call(writer, functions.yield);
    write(writer, OP.catchAll);
    call(writer, functions.nested);
    write(writer, OP.end);
  } else {
    write(writer, OP.block, VOID, OP.tryTable, VOID, 1, CATCH_ALL, 0);
    call(writer, functions.yield);
    write(writer, OP.end, OP.return, OP.end);
    call(writer, functions.nested);
  }
  write(writer, OP.end, OP.end);
  return writer.finish();
}

function call(writer: ByteWriter, index: number): void {
  writer.u8(OP.call);
  writer.unsigned(index);
}

function write(writer: ByteWriter, ...bytes: readonly number[]): void {
  for (const byte of bytes) writer.u8(byte);
}
