/**
 * Marked events → the bytes of a body with its checks, and where its branch hints stand.
 *
 * A strip-mined loop becomes two:
 *
 *     loop $strip CHECK count = N loop $inner
 *       BODY, in which a way back is: count -= 1; br_if $inner (count); br $strip
 *     end end
 *
 * so that the inner loop holds no call and the compiler unrolls it as it does the original. Branches out of
 * it pass one label more; what is inside of it, and every other branch, keeps its depth.
 */
import { ByteReader } from '../byte-reader.ts';
import { ByteWriter } from '../byte-writer.ts';
import { EVENT, FLAG, type Body } from './body.ts';
import { LOOP, type Loops } from './loops.ts';

const OP = Object.freeze({
  loop: 0x03,
  if: 0x04,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  call: 0x10,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  i32Load: 0x28,
  i32Const: 0x41,
  i32Sub: 0x6b,
});
const EMPTY = 0x40;
const I32 = 0x7f;
/** Labels that a strip-mined loop adds around its body. */
const STRIP_LABELS = 1;

/** Writes bodies, one after the other. */
export class BodyEmitter {
  readonly #bytes: Uint8Array;
  readonly #writer = new ByteWriter(64 * 1024);
  readonly #check: Uint8Array;
  /** Bytes of a check before its `if`. */
  readonly #ifOffset: number;
  /** Hints of the body: offsets in it of branches that are hardly ever taken. */
  readonly hints: number[] = [];
  /** Event of the strip-mined loop that the place is in, -1 outside of one. */
  #strip = -1;
  /** Labels open within that loop, its own not counted. */
  #inner = 0;

  /**
   * @param bytes The module.
   * @param epochMemory Index of the memory whose first word a check reads.
   * @param slowFunction Function that it calls if that word is not zero.
   */
  constructor(bytes: Uint8Array, epochMemory: number, slowFunction: number) {
    this.#bytes = bytes;
    const writer = new ByteWriter();
    writer.u8(OP.i32Const);
    writer.u8(0);
    writer.u8(OP.i32Load);
    // Alignment 2^2; bit 6 says that a memory index follows.
    writer.u8(epochMemory === 0 ? 2 : 0x42);
    if (epochMemory !== 0) writer.unsigned(epochMemory);
    writer.u8(0);
    this.#ifOffset = writer.length;
    writer.u8(OP.if);
    writer.u8(EMPTY);
    writer.u8(OP.call);
    writer.unsigned(slowFunction);
    writer.u8(OP.end);
    this.#check = writer.finish();
  }

  /**
   * Writes a body.
   *
   * @returns Its new bytes, as a view that the next call changes, or undefined if nothing changes.
   */
  emit(body: Body, loops: Loops): Uint8Array | undefined {
    this.hints.length = 0;
    this.#strip = -1;
    const writer = this.#writer;
    writer.clear();
    if (!hasChanges(body, loops)) return undefined;
    this.#writeLocals(body, loops);
    const { kind, flags, at, end, a } = body;
    let copied = body.codeStart;
    for (let event = 0; event < body.count; event += 1) {
      const flag = flags[event] ?? 0;
      const start = at[event] ?? 0;
      if ((flag & FLAG.checkBeforeRun) !== 0) {
        const place = end[event - 1] ?? body.codeStart;
        writer.copy(this.#bytes, copied, place);
        copied = place;
        this.#writeCheck();
      }
      if ((flag & FLAG.checkBefore) !== 0) {
        writer.copy(this.#bytes, copied, start);
        copied = start;
        this.#writeCheck();
      }
      const isStripLoop = kind[event] === EVENT.loop && loops.kind[event] === LOOP.strip;
      if (isStripLoop || (flag & FLAG.unlikely) !== 0 || this.#strip >= 0) {
        writer.copy(this.#bytes, copied, start);
        copied = start;
        if ((flag & FLAG.unlikely) !== 0) this.hints.push(writer.length);
        if (isStripLoop) this.#startStrip(body, loops, event);
        else if (this.#strip >= 0) copied = this.#writeInStrip(body, event, copied);
        if (isStripLoop) copied = end[event] ?? 0;
      }
      if ((flag & FLAG.checkAfter) !== 0) {
        const place = end[event] ?? 0;
        writer.copy(this.#bytes, copied, place);
        copied = place;
        this.#writeCheck();
      }
      if (kind[event] === EVENT.end && this.#strip >= 0 && a[event] === this.#strip) {
        this.#strip = -1;
      }
    }
    writer.copy(this.#bytes, copied, body.codeEnd);
    return writer.view();
  }

  /** The locals, and one more for the counter of strips if there are any. */
  #writeLocals(body: Body, loops: Loops): void {
    const writer = this.#writer;
    const more = loops.hasStrips ? 1 : 0;
    writer.unsigned(body.localGroups + more);
    writer.copy(this.#bytes, body.groupsStart, body.codeStart);
    if (more === 0) return;
    writer.u8(1);
    writer.u8(I32);
  }

  #writeCheck(): void {
    this.hints.push(this.#writer.length + this.#ifOffset);
    this.#writer.copy(this.#check, 0, this.#check.length);
  }

  #startStrip(body: Body, loops: Loops, event: number): void {
    const writer = this.#writer;
    const typeStart = (body.at[event] ?? 0) + 1;
    const typeEnd = body.end[event] ?? 0;
    writer.u8(OP.loop);
    writer.copy(this.#bytes, typeStart, typeEnd);
    this.#writeCheck();
    writer.u8(OP.i32Const);
    writeSigned(writer, loops.strip[event] ?? 1);
    writer.u8(OP.localSet);
    writer.unsigned(body.locals);
    writer.u8(OP.loop);
    writer.copy(this.#bytes, typeStart, typeEnd);
    this.#strip = event;
    this.#inner = 0;
  }

  /** Rewrites what names labels inside of a strip-mined loop. @returns Offset behind what was dealt with. */
  #writeInStrip(body: Body, event: number, copied: number): number {
    const writer = this.#writer;
    const end = body.end[event] ?? 0;
    const depth = body.b[event] ?? 0;
    switch (body.kind[event] ?? EVENT.piece) {
      case EVENT.block:
      case EVENT.loop:
      case EVENT.if:
        this.#inner += 1;
        return copied;
      case EVENT.end:
        if (body.a[event] !== this.#strip) {
          this.#inner -= 1;
          return copied;
        }
        writer.u8(OP.end);
        writer.u8(OP.end);
        return end;
      case EVENT.br:
      case EVENT.brIf: {
        if (depth < this.#inner) return copied;
        const isConditional = body.kind[event] === EVENT.brIf;
        if (depth === this.#inner) {
          this.#writeBack(body, isConditional);
        } else {
          writer.u8(isConditional ? OP.brIf : OP.br);
          writer.unsigned(depth + STRIP_LABELS);
        }
        return end;
      }
      case EVENT.brTable: {
        const reader = new ByteReader(this.#bytes, (body.at[event] ?? 0) + 1, end);
        const count = reader.u32();
        writer.u8(OP.brTable);
        writer.unsigned(count);
        for (let left = count; left >= 0; left -= 1) {
          const label = reader.u32();
          writer.unsigned(label < this.#inner ? label : label + STRIP_LABELS);
        }
        return end;
      }
      default:
        return copied;
    }
  }

  /** A branch back to the head of the strip-mined loop. */
  #writeBack(body: Body, isConditional: boolean): void {
    const writer = this.#writer;
    if (isConditional) {
      writer.u8(OP.if);
      writer.u8(EMPTY);
    }
    const depth = this.#inner + (isConditional ? 1 : 0);
    writer.u8(OP.localGet);
    writer.unsigned(body.locals);
    writer.u8(OP.i32Const);
    writer.u8(1);
    writer.u8(OP.i32Sub);
    writer.u8(OP.localTee);
    writer.unsigned(body.locals);
    // No hint here: V8's loops are slower with one.
    writer.u8(OP.brIf);
    writer.unsigned(depth);
    writer.u8(OP.br);
    writer.unsigned(depth + 1);
    if (isConditional) writer.u8(OP.end);
  }
}

function hasChanges(body: Body, loops: Loops): boolean {
  if (loops.hasStrips) return true;
  for (let event = 0; event < body.count; event += 1) {
    const changes = FLAG.unlikely | FLAG.checkBefore | FLAG.checkBeforeRun | FLAG.checkAfter;
    if (((body.flags[event] ?? 0) & changes) !== 0) return true;
  }
  return false;
}

/** A signed LEB128 number. @param value 0 to 2^31 - 1. */
function writeSigned(writer: ByteWriter, value: number): void {
  let rest = value;
  while (rest >= 0x40) {
    writer.u8((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  writer.u8(rest);
}
