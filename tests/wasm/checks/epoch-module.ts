/**
 * Core module → the same module with an epoch memory behind its own memories and a function for checks to call
 * behind its own functions, all of it inside the module, so that checks can be tested without the rest of
 * the rewriting and without renumbering anything.
 *
 * The function counts its calls in the exported global `calls`, and traps once there were as many as the
 * exported global `most` says. It keeps in `widest` how much the guest's global 0, which counts its work down,
 * fell at most between two calls.
 */
import { ByteReader } from '../../../host/wasm/byte-reader.ts';
import { ByteWriter } from '../../../host/wasm/byte-writer.ts';
import { insertChecks, type CheckOptions } from '../../../host/wasm/checks/insert-checks.ts';
import {
  PREAMBLE_BYTES,
  readSections,
  SECTION,
  SECTION_ORDER,
} from '../../../host/wasm/sections.ts';
import { readTypes } from '../../../host/wasm/types.ts';

/** A module that checks can be inserted into. */
export interface EpochModule {
  readonly bytes: Uint8Array;
  readonly options: CheckOptions;
  /** Index of the global that counts calls. */
  readonly callsGlobal: number;
}

const NOTHING = new Uint8Array(1);

/** Adds memory, function and globals. @param bytes A module that defines its memories itself. */
export function addEpoch(bytes: Uint8Array): EpochModule {
  const sections = readSections(bytes);
  const read = (id: number): ByteReader => {
    const section = sections.find((one) => one.id === id);
    if (section === undefined) return new ByteReader(NOTHING);
    return new ByteReader(bytes, section.contents, section.end);
  };
  const imported = countImports(read(SECTION.import));
  const type = readTypes(read(SECTION.type)).length;
  const epochMemory = imported.memories + read(SECTION.memory).u32();
  const slowFunction = imported.functions + read(SECTION.function).u32();
  const callsGlobal = imported.globals + read(SECTION.global).u32();
  const mostGlobal = callsGlobal + 1;
  const newGlobal = [0x7f, 1, 0x41, 0, 0x0b];
  const more = new Map<number, [count: number, contents: number[]]>([
    [SECTION.type, [1, [0x60, 0, 0]]],
    [SECTION.function, [1, leb(type)]],
    // Shared, one page.
    [SECTION.memory, [1, [3, 1, 1]]],
    [SECTION.global, [4, [...newGlobal, 0x7f, 1, 0x41, 0x7f, 0x0b, ...newGlobal, ...newGlobal]]],
    [
      SECTION.export,
      [
        6,
        [
          ...name('last'),
          3,
          ...leb(callsGlobal + 2),
          ...name('widest'),
          3,
          ...leb(callsGlobal + 3),
          ...name('epoch'),
          2,
          ...leb(epochMemory),
          ...name('calls'),
          3,
          ...leb(callsGlobal),
          ...name('most'),
          3,
          ...leb(mostGlobal),
          ...name('slow'),
          0,
          ...leb(slowFunction),
        ],
      ],
    ],
    [SECTION.code, [1, slowBody(callsGlobal, callsGlobal > 0)]],
  ]);
  const writer = new ByteWriter(bytes.length + 256);
  writer.copy(bytes, 0, PREAMBLE_BYTES);
  const write = (id: number): void => {
    const [count, contents] = more.get(id) ?? [0, []];
    const reader = read(id);
    const inner = new ByteWriter(reader.end + 256);
    inner.unsigned(reader.u32() + count);
    inner.copy(reader.bytes, reader.offset, reader.end);
    for (const byte of contents) inner.u8(byte);
    writer.u8(id);
    writer.sized(inner.view());
    more.delete(id);
  };
  const writeMissingBefore = (order: number): void => {
    for (const id of SECTION_ORDER) {
      if (more.has(id) && SECTION_ORDER.indexOf(id) < order) write(id);
    }
  };
  for (const { id, start, end } of sections) {
    if (id !== SECTION.custom) writeMissingBefore(SECTION_ORDER.indexOf(id));
    if (more.has(id)) write(id);
    else writer.copy(bytes, start, end);
  }
  writeMissingBefore(SECTION_ORDER.length);
  return { bytes: writer.finish(), options: { epochMemory, slowFunction }, callsGlobal };
}

/** A module with checks in it. */
export interface CheckedInstance {
  readonly exports: Record<string, (...args: readonly unknown[]) => unknown>;
  /** Sets the first word of the epoch memory. */
  setEpoch(value: number): void;
  /** How often checks called. */
  calls(): number;
}

/** Instantiates a module with checks. */
export function instantiateChecked(
  bytes: Uint8Array,
  imports: WebAssembly.Imports = {},
): CheckedInstance {
  const { bytes: ready, options } = addEpoch(bytes);
  const checked = insertChecks(ready, options);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(checked), imports);
  const { epoch, calls } = exports;
  if (!(epoch instanceof WebAssembly.Memory)) throw new Error('There is no epoch memory');
  if (!(calls instanceof WebAssembly.Global)) throw new Error('There is no count of calls');
  const word = new Int32Array(epoch.buffer, 0, 1);
  const functions = Object.entries(exports).flatMap(([field, value]) =>
    typeof value === 'function' ? [[field, value] as const] : [],
  );
  return {
    exports: Object.fromEntries(
      functions.map(([field, call]) => [field, (...args) => Reflect.apply(call, undefined, args)]),
    ),
    setEpoch: (value) => void Atomics.store(word, 0, value),
    calls: () => Number(calls.value),
  };
}

/** `calls += 1; if (calls == most) unreachable`, and with work to count: `widest = max(widest, last - work); last = work`. */
function slowBody(calls: number, hasWork: boolean): number[] {
  const most = leb(calls + 1);
  const last = leb(calls + 2);
  const widest = leb(calls + 3);
  const gap = [0x23, ...last, 0x23, 0, 0x6b];
  const work = [
    ...gap,
    0x23,
    ...widest,
    0x4a,
    0x04,
    0x40,
    ...gap,
    0x24,
    ...widest,
    0x0b,
    0x23,
    0,
    0x24,
    ...last,
  ];
  const body = [
    0,
    0x23,
    ...leb(calls),
    0x41,
    1,
    0x6a,
    0x24,
    ...leb(calls),
    0x23,
    ...leb(calls),
    0x23,
    ...most,
    0x46,
    0x04,
    0x40,
    0x00,
    0x0b,
    ...(hasWork ? work : []),
    0x0b,
  ];
  return [...leb(body.length), ...body];
}

function countImports(reader: ByteReader): {
  functions: number;
  memories: number;
  globals: number;
} {
  const counts = { functions: 0, memories: 0, globals: 0 };
  for (let left = reader.u32(); left > 0; left -= 1) {
    reader.name();
    reader.name();
    const kind = reader.u8();
    if (kind === 0) {
      reader.u32();
      counts.functions += 1;
    } else if (kind === 1) {
      reader.u8();
      if (reader.u8() === 0) reader.u32();
      else reader.skip(2, 'limits');
    } else if (kind === 2) {
      if ((reader.u8() & 1) !== 0) reader.u32();
      reader.u32();
      counts.memories += 1;
    } else if (kind === 3) {
      reader.u8();
      reader.u8();
      counts.globals += 1;
    } else {
      reader.u8();
      reader.u32();
    }
  }
  return counts;
}

function leb(value: number): number[] {
  const writer = new ByteWriter();
  writer.unsigned(value);
  return [...writer.finish()];
}

function name(text: string): number[] {
  const writer = new ByteWriter();
  writer.name(text);
  return [...writer.finish()];
}
