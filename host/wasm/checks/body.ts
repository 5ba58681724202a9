/**
 * The events of one function body: what steers control, calls, or costs much, in order, and between them
 * what the straight-line code costs. Flat arrays that are used again for every body: a module of 14 MB has
 * two million events.
 */

/** Kinds of events. */
export const EVENT = Object.freeze({
  /** The function's own label, or `block`. */
  block: 0,
  loop: 1,
  if: 2,
  else: 3,
  end: 4,
  /** Legacy `try`. */
  try: 5,
  /** Legacy `catch` and `catch_all`. */
  catch: 6,
  /** Legacy `delegate`, which ends a try. */
  delegate: 7,
  tryTable: 8,
  br: 9,
  brIf: 10,
  brTable: 11,
  /** `br_on_null` and the like: branches that are never renumbered. */
  brOn: 12,
  return: 13,
  /** `unreachable`, `throw`, `rethrow`, `throw_ref`. */
  leave: 14,
  call: 15,
  /** Of an import, or through a table or a reference. */
  callOutside: 16,
  tailCall: 17,
  tailCallOutside: 18,
  /** A place in straight-line code. */
  piece: 19,
});

/** Bits of `Body.flags`. */
export const FLAG = Object.freeze({
  /** A loop that takes no parameters. */
  noParameters: 1,
  /** An `if` that is hardly ever taken. */
  unlikely: 2,
  /** Insert a check before the straight-line code that leads to the event. */
  checkBeforeRun: 4,
  /** Insert a check right before the event. */
  checkBefore: 8,
  /** Insert a check right after the event. */
  checkAfter: 16,
});

/** Events; event 0 is the function itself, the last its end. */
export class Body {
  /** How many events there are. */
  count = 0;
  kind: Uint8Array;
  flags: Uint8Array;
  /** Offset of the opcode. */
  at: Int32Array;
  /** Offset behind the immediates. */
  end: Int32Array;
  /** Units of the straight-line code before the event and of the event itself. */
  units: Int32Array;
  /** Event that opened the label a branch goes to or an end belongs to; function that is called; first place in `targets`. */
  a: Int32Array;
  /** Depth of a branch; for an opener the event of its end; how many `targets`. */
  b: Int32Array;
  /** Events that opened the labels of `br_table` and `try_table`. */
  targets: Int32Array;
  targetCount = 0;
  /** First byte of the body: the groups of locals. */
  start = 0;
  /** First byte behind the locals. */
  codeStart = 0;
  /** Byte behind the last. */
  codeEnd = 0;
  /** Groups of locals. */
  localGroups = 0;
  /** Offset behind the number of groups. */
  groupsStart = 0;
  /** Parameters and locals. */
  locals = 0;
  hasTry = false;

  constructor(capacity = 1024) {
    this.kind = new Uint8Array(capacity);
    this.flags = new Uint8Array(capacity);
    this.at = new Int32Array(capacity);
    this.end = new Int32Array(capacity);
    this.units = new Int32Array(capacity);
    this.a = new Int32Array(capacity);
    this.b = new Int32Array(capacity);
    this.targets = new Int32Array(capacity);
  }

  /** Forgets all events. */
  clear(): void {
    this.count = 0;
    this.targetCount = 0;
    this.hasTry = false;
  }

  /** Appends an event. @returns Its place. */
  add(kind: number, at: number, end: number, units: number, a: number, b: number): number {
    const place = this.count;
    if (place === this.kind.length) this.#grow();
    this.kind[place] = kind;
    this.flags[place] = 0;
    this.at[place] = at;
    this.end[place] = end;
    this.units[place] = units;
    this.a[place] = a;
    this.b[place] = b;
    this.count = place + 1;
    return place;
  }

  /** Appends a label to those of the event that is added next. */
  addTarget(opener: number): void {
    if (this.targetCount === this.targets.length) this.targets = doubled(this.targets);
    this.targets[this.targetCount] = opener;
    this.targetCount += 1;
  }

  /** Sets bits of an event's flags. */
  mark(place: number, flag: number): void {
    this.flags[place] = (this.flags[place] ?? 0) | flag;
  }

  #grow(): void {
    const kind = new Uint8Array(this.kind.length * 2);
    const flags = new Uint8Array(this.kind.length * 2);
    kind.set(this.kind);
    flags.set(this.flags);
    this.kind = kind;
    this.flags = flags;
    this.at = doubled(this.at);
    this.end = doubled(this.end);
    this.units = doubled(this.units);
    this.a = doubled(this.a);
    this.b = doubled(this.b);
  }
}

/** The same numbers in an array of twice the length. */
export function doubled(array: Int32Array): Int32Array {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}
