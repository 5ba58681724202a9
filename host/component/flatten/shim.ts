/**
 * Recognises the shim modules that wit-component makes: functions that only call slot k of the module's
 * own table with their arguments, so that there is something to import before what is to be called exists.
 *
 * Recognised by its code, not by its name: no imports, no memory, one table, and every function body is
 * `local.get` of each parameter in order, `i32.const k`, `call_indirect` of the function's own type.
 * Whatever else a module does, it is not taken for a shim.
 *
 * @see https://github.com/bytecodealliance/wasm-tools/blob/main/crates/wit-component/src/encoding.rs
 */
import { ByteReader } from '../../wasm/byte-reader.ts';
import { readSections, SECTION } from '../../wasm/sections.ts';
import type { CoreSignature } from './core-interface.ts';
import type { CoreModule } from './core-module.ts';

/** What a shim's exports lead to. */
export interface Shim {
  /** Name under which it exports its table. */
  readonly table: string;
  /** Size of the table. */
  readonly slots: number;
  /** Exported functions: which slot each calls, and as what. */
  readonly functions: ReadonlyMap<
    string,
    { readonly slot: number; readonly signature: CoreSignature }
  >;
}

/** wit-component makes one function for each import. */
export const MAX_SHIM_FUNCTIONS = 5000;
const SHIM_SECTIONS: ReadonlySet<number> = new Set([
  SECTION.custom,
  SECTION.type,
  SECTION.function,
  SECTION.table,
  SECTION.export,
  SECTION.code,
]);
const OPCODE = Object.freeze({ localGet: 0x20, i32Const: 0x41, callIndirect: 0x11, end: 0x0b });
const FUNCREF = 0x70;

/** Reads a module as a shim; undefined if it is none. */
export function readShim({ bytes, offset, interface: facts }: CoreModule): Shim | undefined {
  const sections = readSections(bytes, offset);
  if (!sections.every(({ id }) => SHIM_SECTIONS.has(id)) || facts.imports.length > 0) {
    return undefined;
  }
  const read = (id: number): ByteReader | undefined => {
    const section = sections.find((one) => one.id === id);
    return section && new ByteReader(bytes, section.contents, section.end, offset);
  };
  const tables = read(SECTION.table);
  const code = read(SECTION.code);
  const size = tables && readTableSize(tables);
  if (size === undefined || code === undefined) return undefined;

  const slots: number[] = [];
  const count = code.count('function bodies');
  if (count > MAX_SHIM_FUNCTIONS) return undefined;
  for (let index = 0; index < count; index += 1) {
    const type = facts.typeOfFunction(index);
    const body = code.sized('a function body');
    const slot = readSlot(body, type, facts.signatureOf(type).parameters.length);
    if (slot === undefined || slot >= size) return undefined;
    slots.push(slot);
  }
  const functions = new Map<string, { slot: number; signature: CoreSignature }>();
  let table: string | undefined;
  for (const [name, { sort, index }] of facts.exportIndices) {
    const slot = slots[index];
    if (sort === 'core-table' && table === undefined) table = name;
    else if (sort !== 'core-func' || slot === undefined) return undefined;
    else functions.set(name, { slot, signature: facts.signatureOf(facts.typeOfFunction(index)) });
  }
  return table === undefined ? undefined : { table, slots: size, functions };
}

/** The size of the one table, if it is one of functions without an initial value. */
function readTableSize(reader: ByteReader): number | undefined {
  if (reader.u32() !== 1 || reader.u8() !== FUNCREF) return undefined;
  // Bit 0: a maximum follows.
  return reader.u8() > 1 ? undefined : reader.u32();
}

/** The slot that a body calls with its parameters, if that is all it does. */
function readSlot(body: ByteReader, type: number, parameters: number): number | undefined {
  const locals = body.u32();
  if (locals !== 0) return undefined;
  for (let index = 0; index < parameters; index += 1) {
    if (body.u8() !== OPCODE.localGet || body.u32() !== index) return undefined;
  }
  if (body.u8() !== OPCODE.i32Const) return undefined;
  const slot = body.s33();
  if (body.u8() !== OPCODE.callIndirect || body.u32() !== type || body.u32() !== 0)
    return undefined;
  return slot >= 0 && body.u8() === OPCODE.end && body.done ? slot : undefined;
}
