/**
 * How many values each instruction takes from the operand stack and puts there, so that a walk over code
 * can tell which instruction made an operand. Instructions whose effect depends on a type, or that end or
 * branch, are not in the tables: whoever walks knows those.
 *
 * A test holds every entry against V8.
 */

/** From opcode, to opcode, operands taken, results put. */
type Row = readonly [from: number, to: number, takes: number, gives: number];

const ONE_BYTE = createTable([
  [0x01, 0x01, 0, 0], // nop
  [0x0d, 0x0d, 1, 0], // br_if, whose label's values stay
  [0x1a, 0x1a, 1, 0], // drop
  [0x1b, 0x1c, 3, 1], // select
  [0x20, 0x20, 0, 1], // local.get
  [0x21, 0x21, 1, 0], // local.set
  [0x22, 0x22, 1, 1], // local.tee
  [0x23, 0x23, 0, 1], // global.get
  [0x24, 0x24, 1, 0], // global.set
  [0x25, 0x25, 1, 1], // table.get
  [0x26, 0x26, 2, 0], // table.set
  [0x28, 0x35, 1, 1], // loads
  [0x36, 0x3e, 2, 0], // stores
  [0x3f, 0x3f, 0, 1], // memory.size
  [0x40, 0x40, 1, 1], // memory.grow
  [0x41, 0x44, 0, 1], // constants
  [0x45, 0x45, 1, 1], // i32.eqz
  [0x46, 0x4f, 2, 1], // i32 comparisons
  [0x50, 0x50, 1, 1], // i64.eqz
  [0x51, 0x66, 2, 1], // i64, f32 and f64 comparisons
  [0x67, 0x69, 1, 1], // i32.clz ctz popcnt
  [0x6a, 0x78, 2, 1], // i32 arithmetic
  [0x79, 0x7b, 1, 1], // i64.clz ctz popcnt
  [0x7c, 0x8a, 2, 1], // i64 arithmetic
  [0x8b, 0x91, 1, 1], // f32.abs to sqrt
  [0x92, 0x98, 2, 1], // f32 arithmetic
  [0x99, 0x9f, 1, 1], // f64.abs to sqrt
  [0xa0, 0xa6, 2, 1], // f64 arithmetic
  [0xa7, 0xc4, 1, 1], // conversions, sign extension
  [0xd0, 0xd0, 0, 1], // ref.null
  [0xd1, 0xd1, 1, 1], // ref.is_null
  [0xd2, 0xd2, 0, 1], // ref.func
  [0xd3, 0xd3, 2, 1], // ref.eq
  [0xd4, 0xd4, 1, 1], // ref.as_non_null
  [0xd5, 0xd5, 1, 1], // br_on_null, where it does not branch
  [0xd6, 0xd6, 1, 0], // br_on_non_null, where it does not branch
]);

/** 0xFB: what there is without types that allocate. */
const GC = createTable([
  [0x14, 0x1e, 1, 1], // ref.test ref.cast br_on_cast, conversions, i31
]);

/** 0xFC */
const MISC = createTable([
  [0x00, 0x07, 1, 1], // trunc_sat
  [0x08, 0x08, 3, 0], // memory.init
  [0x09, 0x09, 0, 0], // data.drop
  [0x0a, 0x0c, 3, 0], // memory.copy memory.fill table.init
  [0x0d, 0x0d, 0, 0], // elem.drop
  [0x0e, 0x0e, 3, 0], // table.copy
  [0x0f, 0x0f, 2, 1], // table.grow
  [0x10, 0x10, 0, 1], // table.size
  [0x11, 0x11, 3, 0], // table.fill
  [0x13, 0x14, 4, 2], // i64.add128 i64.sub128
  [0x15, 0x16, 2, 2], // i64.mul_wide
]);

/** 0xFD */
const SIMD = createTable([
  [0x00, 0x0a, 1, 1], // loads
  [0x0b, 0x0b, 2, 0], // v128.store
  [0x0c, 0x0c, 0, 1], // v128.const
  [0x0d, 0x0e, 2, 1], // shuffle swizzle
  [0x0f, 0x16, 1, 1], // splats, i8x16.extract_lane
  [0x17, 0x17, 2, 1], // i8x16.replace_lane
  [0x18, 0x19, 1, 1], // i16x8.extract_lane
  [0x1a, 0x1a, 2, 1],
  [0x1b, 0x1b, 1, 1], // i32x4.extract_lane
  [0x1c, 0x1c, 2, 1],
  [0x1d, 0x1d, 1, 1], // i64x2.extract_lane
  [0x1e, 0x1e, 2, 1],
  [0x1f, 0x1f, 1, 1], // f32x4.extract_lane
  [0x20, 0x20, 2, 1],
  [0x21, 0x21, 1, 1], // f64x2.extract_lane
  [0x22, 0x4c, 2, 1], // f64x2.replace_lane, comparisons
  [0x4d, 0x4d, 1, 1], // v128.not
  [0x4e, 0x51, 2, 1], // and andnot or xor
  [0x52, 0x52, 3, 1], // bitselect
  [0x53, 0x53, 1, 1], // any_true
  [0x54, 0x57, 2, 1], // load_lane
  [0x58, 0x5b, 2, 0], // store_lane
  [0x5c, 0x64, 1, 1], // load_zero, demote, promote, i8x16.abs to bitmask
  [0x65, 0x66, 2, 1], // i8x16.narrow
  [0x67, 0x6a, 1, 1], // f32x4.ceil to nearest
  [0x6b, 0x73, 2, 1], // i8x16 shifts, add, sub
  [0x74, 0x75, 1, 1], // f64x2.ceil floor
  [0x76, 0x79, 2, 1], // i8x16.min max
  [0x7a, 0x7a, 1, 1], // f64x2.trunc
  [0x7b, 0x7b, 2, 1], // i8x16.avgr
  [0x7c, 0x81, 1, 1], // extadd_pairwise, i16x8.abs neg
  [0x82, 0x82, 2, 1], // i16x8.q15mulr_sat
  [0x83, 0x84, 1, 1], // i16x8.all_true bitmask
  [0x85, 0x86, 2, 1], // i16x8.narrow
  [0x87, 0x8a, 1, 1], // i16x8.extend
  [0x8b, 0x93, 2, 1], // i16x8 shifts, add, sub
  [0x94, 0x94, 1, 1], // f64x2.nearest
  [0x95, 0x99, 2, 1], // i16x8.mul min max
  [0x9b, 0x9f, 2, 1], // i16x8.avgr extmul
  [0xa0, 0xa1, 1, 1], // i32x4.abs neg
  [0xa3, 0xa4, 1, 1], // i32x4.all_true bitmask
  [0xa7, 0xaa, 1, 1], // i32x4.extend
  [0xab, 0xae, 2, 1], // i32x4 shifts, add
  [0xb1, 0xba, 2, 1], // i32x4.sub mul min max dot
  [0xbc, 0xbf, 2, 1], // i32x4.extmul
  [0xc0, 0xc1, 1, 1], // i64x2.abs neg
  [0xc3, 0xc4, 1, 1], // i64x2.all_true bitmask
  [0xc7, 0xca, 1, 1], // i64x2.extend
  [0xcb, 0xce, 2, 1], // i64x2 shifts, add
  [0xd1, 0xdf, 2, 1], // i64x2.sub mul, comparisons, extmul
  [0xe0, 0xe1, 1, 1], // f32x4.abs neg
  [0xe3, 0xe3, 1, 1], // f32x4.sqrt
  [0xe4, 0xeb, 2, 1], // f32x4 arithmetic
  [0xec, 0xed, 1, 1], // f64x2.abs neg
  [0xef, 0xef, 1, 1], // f64x2.sqrt
  [0xf0, 0xf7, 2, 1], // f64x2 arithmetic
  [0xf8, 0xff, 1, 1], // conversions between integers and floats
  [0x100, 0x100, 2, 1], // relaxed swizzle
  [0x101, 0x104, 1, 1], // relaxed truncations
  [0x105, 0x10c, 3, 1], // relaxed madd, nmadd, laneselect
  [0x10d, 0x112, 2, 1], // relaxed min, max, q15mulr, dot
  [0x113, 0x113, 3, 1], // relaxed dot with addition
]);

/** 0xFE */
const ATOMIC = createTable([
  [0x00, 0x00, 2, 1], // notify
  [0x01, 0x02, 3, 1], // wait
  [0x03, 0x03, 0, 0], // fence
  [0x10, 0x16, 1, 1], // loads
  [0x17, 0x1d, 2, 0], // stores
  [0x1e, 0x47, 2, 1], // add sub and or xor xchg
  [0x48, 0x4e, 3, 1], // cmpxchg
]);

const TABLES: ReadonlyMap<number, readonly (number | undefined)[]> = new Map([
  [0xfb, GC],
  [0xfc, MISC],
  [0xfd, SIMD],
  [0xfe, ATOMIC],
]);

/**
 * What an instruction does to the operand stack.
 *
 * @param opcode As `readOpcode` gives it.
 * @returns `operands taken × 16 + results put`, or undefined if that depends on more than the opcode.
 */
export function stackEffectOf(opcode: number): number | undefined {
  const table = opcode < 0x100 ? ONE_BYTE : TABLES.get(opcode >>> 16);
  return table?.[opcode & 0xffff];
}

function createTable(rows: readonly Row[]): (number | undefined)[] {
  const last = Math.max(...rows.map(([, to]) => to));
  const table: (number | undefined)[] = Array.from({ length: last + 1 }, () => undefined);
  for (const [from, to, takes, gives] of rows) table.fill(takes * 16 + gives, from, to + 1);
  return table;
}
