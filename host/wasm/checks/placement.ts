/**
 * Decides where the checks of one body stand: marks events, and says what callers must know about the
 * function.
 *
 * One pass forward with a `State`. A check is placed where otherwise more than the budget could pass since
 * the last one, or more than `ENTRY_UNITS` since the entry; before a call that may lead back into the
 * function, unless this activation passed one; after such a call, when more than `RETURN_UNITS` follow;
 * at the heads of loops that `loops.ts` said; and where exceptions arrive.
 */
import { EVENT, FLAG, type Body } from './body.ts';
import { ENTRY_UNITS, RETURN_UNITS, SINCE_CHECK_UNITS, BUDGET_UNITS } from './cost-model.ts';
import { LOOP, type Loops } from './loops.ts';
import { State, States } from './state.ts';
import { ANY_FUNCTION, type Summaries, type Summary } from './summaries.ts';

/** Most units since the last check where a covered loop goes back, so that its head knows what to expect. */
const BACK_UNITS = ENTRY_UNITS;

/** Places checks, one body after the other. */
export class Placement {
  readonly #summaries: Summaries;
  readonly #state = new State();
  readonly #labels = new States();
  readonly #ifs = new States();
  /** Kinds and events of the loops around. */
  readonly #open: number[] = [];
  /** Whether exceptions arrive at a label. */
  #dirty: Uint8Array = new Uint8Array(1024);
  #head = 0;

  constructor(summaries: Summaries) {
    this.#summaries = summaries;
  }

  /**
   * Marks the events of a body.
   *
   * @param index Of the function.
   * @param self What is known about the function itself, for calls of itself.
   */
  place(index: number, body: Body, loops: Loops, self: Summary): Summary {
    const { kind, a, b, targets, flags } = body;
    const state = this.#state;
    const labels = this.#labels;
    const ifs = this.#ifs;
    const open = this.#open;
    this.#prepare(body);
    const clearChecks = ~(FLAG.checkBeforeRun | FLAG.checkBefore | FLAG.checkAfter);
    for (let event = 0; event < body.count; event += 1) {
      flags[event] = (flags[event] ?? 0) & clearChecks;
    }
    for (let event = 0; event < body.count; event += 1) {
      const opener = a[event] ?? 0;
      if (state.live) this.#run(body, event);
      switch (kind[event] ?? EVENT.piece) {
        case EVENT.tryTable:
          for (let place = opener; place < opener + (b[event] ?? 0); place += 1) {
            this.#dirty[targets[place] ?? 0] = 1;
          }
          break;
        case EVENT.loop:
          this.#enterLoop(body, loops, event);
          break;
        case EVENT.if:
          ifs.join(event, state);
          break;
        case EVENT.else:
          labels.join(opener, state);
          ifs.load(opener, state);
          break;
        case EVENT.catch:
          labels.join(opener, state);
          state.live = true;
          this.#check(body, event, FLAG.checkAfter);
          break;
        case EVENT.end:
        case EVENT.delegate:
          if (kind[opener] === EVENT.loop) {
            open.length -= 2;
            state.passed = Math.min(state.passed, open.length / 2);
            break;
          }
          labels.join(opener, state);
          if (kind[opener] === EVENT.if && b[opener] === 0) {
            ifs.load(opener, state);
            labels.join(opener, state);
          }
          labels.load(opener, state);
          state.passed = Math.min(state.passed, open.length / 2);
          // The function's own end has no room behind it: `#summarise` says what arrives there.
          if (this.#dirty[opener] !== 0 && opener !== 0) {
            state.live = true;
            this.#check(body, event, FLAG.checkAfter);
          }
          break;
        case EVENT.br:
          this.#branch(body, loops, opener, event);
          state.live = false;
          break;
        case EVENT.brIf:
        case EVENT.brOn:
          this.#branch(body, loops, opener, event);
          break;
        case EVENT.brTable:
          for (let place = opener; place < opener + (b[event] ?? 0); place += 1) {
            this.#branch(body, loops, targets[place] ?? 0, event);
          }
          state.live = false;
          break;
        case EVENT.return:
          labels.join(0, state);
          state.live = false;
          break;
        case EVENT.leave:
          state.live = false;
          break;
        case EVENT.call:
        case EVENT.tailCall:
          if (state.live) this.#call(body, event, index, opener, self);
          if (kind[event] === EVENT.tailCall) this.#leaveByCall();
          break;
        case EVENT.callOutside:
        case EVENT.tailCallOutside:
          if (state.live) this.#callBack(body, event, ANY_FUNCTION);
          if (kind[event] === EVENT.tailCallOutside) this.#leaveByCall();
          break;
        default:
      }
    }
    return this.#summarise();
  }

  #prepare(body: Body): void {
    this.#state.start();
    this.#labels.clear(body.count);
    this.#ifs.clear(body.count);
    this.#open.length = 0;
    this.#head = 0;
    if (this.#dirty.length < body.count) this.#dirty = new Uint8Array(body.kind.length);
    else this.#dirty.fill(0, 0, body.count);
  }

  /** The straight-line code up to an event, and the event. */
  #run(body: Body, event: number): void {
    const state = this.#state;
    const units = body.units[event] ?? 0;
    const isTooMuch =
      (state.entry >= 0 && state.entry + units > ENTRY_UNITS) ||
      (state.check >= 0 && state.check + units > SINCE_CHECK_UNITS) ||
      (state.returned >= 0 && state.returned + units > RETURN_UNITS);
    if (isTooMuch) this.#check(body, event, FLAG.checkBeforeRun);
    state.add(units);
    if (state.entry > this.#head) this.#head = state.entry;
  }

  #check(body: Body, event: number, where: number): void {
    body.mark(event, where);
    this.#state.reset(this.#open.length / 2);
  }

  #enterLoop(body: Body, loops: Loops, event: number): void {
    const state = this.#state;
    const kind = loops.kind[event] ?? LOOP.checked;
    const units = loops.units[event] ?? 0;
    if (kind === LOOP.bounded) {
      const isTooMuch =
        state.entry + units > ENTRY_UNITS ||
        state.check + units > SINCE_CHECK_UNITS ||
        (state.returned >= 0 && state.returned + units > RETURN_UNITS);
      if (state.live && isTooMuch) this.#check(body, event, FLAG.checkBefore);
      state.add(units);
      this.#head = Math.max(this.#head, state.entry);
    }
    this.#open.push(kind, event);
    // The check of a strip-mined loop stands where `emission.ts` writes the loop around it.
    if (kind === LOOP.strip) {
      state.reset(this.#open.length / 2 - 1);
      state.add(units);
    }
    if (kind === LOOP.checked) this.#check(body, event, FLAG.checkAfter);
    if (kind === LOOP.covered) {
      state.check = Math.max(state.check, BACK_UNITS);
      if (loops.callsCycle[event] !== 0) {
        state.returned = Math.max(state.returned, RETURN_UNITS / 2);
      }
    }
  }

  #branch(body: Body, loops: Loops, opener: number, event: number): void {
    const state = this.#state;
    if (!state.live) return;
    if (body.kind[opener] !== EVENT.loop) {
      this.#labels.join(opener, state);
      return;
    }
    if (loops.kind[opener] !== LOOP.covered) return;
    const depth = this.#depthOf(opener);
    // What the head of a covered loop was promised.
    const isKept =
      state.passed > depth && state.check <= BACK_UNITS && state.returned <= RETURN_UNITS / 2;
    const mayReturn = state.returned >= 0 && loops.callsCycle[opener] === 0;
    if (!isKept || mayReturn) this.#check(body, event, FLAG.checkBefore);
  }

  /** How many loops are around the one with an event. */
  #depthOf(opener: number): number {
    let low = 0;
    let high = this.#open.length / 2 - 1;
    // Events of the loops around ascend.
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#open[middle * 2 + 1] ?? 0) <= opener) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #call(body: Body, event: number, caller: number, callee: number, self: Summary): void {
    const summaries = this.#summaries;
    const state = this.#state;
    if (!summaries.isKnown(callee)) {
      this.#callBack(body, event, callee === caller ? self : ANY_FUNCTION);
      return;
    }
    const head = summaries.head(callee);
    const through = summaries.through(callee);
    if (
      (state.entry >= 0 && state.entry + head > ENTRY_UNITS) ||
      (state.check >= 0 && state.check + head > BUDGET_UNITS) ||
      (state.returned >= 0 && state.returned + through > RETURN_UNITS)
    ) {
      this.#check(body, event, FLAG.checkBefore);
    }
    if (state.entry >= 0) this.#head = Math.max(this.#head, state.entry + head);
    const isUnresolved = summaries.returnsUnresolved(callee, caller);
    this.#return(through, summaries.tail(callee), isUnresolved);
  }

  /** A call that may lead back into this function, or so deep that nothing is known about it. */
  #callBack(body: Body, event: number, callee: Summary): void {
    const state = this.#state;
    // Every way back of a covered loop was counted on to pass a check.
    const isForced = this.#open.at(-2) === LOOP.covered && state.passed < this.#open.length / 2;
    const isUnresolved =
      state.returned >= 0 && state.returned + Math.max(0, callee.through) > RETURN_UNITS;
    if (state.entry >= 0 || isUnresolved || isForced) {
      this.#check(body, event, FLAG.checkBefore);
    }
    this.#return(callee.through, 0, true);
  }

  /** What is known behind a call. */
  #return(through: number, tail: number, isUnresolved: boolean): void {
    const state = this.#state;
    if (through < 0) {
      state.entry = -1;
      state.check = tail;
      state.returned = -1;
      // Where no path returns, the state behind is never reached, and any claim about it holds.
      state.passed = this.#open.length / 2;
    } else {
      state.add(through);
      state.check = Math.max(state.check, tail);
    }
    if (isUnresolved) state.returned = Math.max(state.returned, 0);
  }

  #leaveByCall(): void {
    this.#labels.join(0, this.#state);
    this.#state.live = false;
  }

  #summarise(): Summary {
    const state = this.#state;
    if (this.#dirty[0] !== 0) {
      return { head: ENTRY_UNITS, through: ENTRY_UNITS, tail: SINCE_CHECK_UNITS, unresolved: true };
    }
    if (!state.live) return { head: this.#head, through: -1, tail: -1, unresolved: false };
    return {
      head: this.#head,
      through: state.entry,
      tail: state.check,
      unresolved: state.returned >= 0,
    };
  }
}
