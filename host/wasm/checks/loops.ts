/**
 * Decides for each loop of a body how its iterations are kept from running on unchecked: by a bound that its
 * code proves, by strips, by checks that every iteration passes anyway, or by a check of its own.
 *
 * One pass over the events. For each point it knows `passed`: how many of the loops around it, counted from
 * the outermost, have surely passed a check since their iteration began (a check since an inner loop's
 * head is one since every outer loop's), and in an innermost loop the units since its head.
 */
import { EVENT, FLAG, type Body } from './body.ts';
import { BOUNDED_LOOP_UNITS, MIN_STRIP, STRIP_UNITS } from './cost-model.ts';
import { iterationsOf } from './counted-loops.ts';

/** What keeps a loop from running on. */
export const LOOP = Object.freeze({
  /** Nothing goes back to its head. */
  once: 0,
  /** It runs a small number of times. */
  bounded: 1,
  /** A counter: a check at its head, and after every strip of iterations. */
  strip: 2,
  /** Every way back passes a check. */
  covered: 3,
  /** A check at its head. */
  checked: 4,
});

/** A function with more locals cannot have one more. */
const MOST_LOCALS = 49_990;
/** Where a loop goes back in more places, the strips would swell the code. */
const MOST_BACKS = 16;

/** What was found about a loop that is open. */
interface OpenLoop {
  event: number;
  backs: number;
  /** The last branch back. */
  back: number;
  /** Most units from the head to a branch back. */
  units: number;
  isPlain: boolean;
  isCovered: boolean;
  callsCycle: boolean;
  /** Blocks that are open around its head. */
  nesting: number;
  /** Whether the last branch back stands in no block within the loop. */
  isBackOnTop: boolean;
}

/** The decisions, by the event of the loop. */
export class Loops {
  kind: Uint8Array = new Uint8Array(1024);
  /** Units that a loop can take without a check, for bounded ones and strips; one iteration more than there are. */
  units: Int32Array = new Int32Array(1024);
  /** Iterations of a strip. */
  strip: Int32Array = new Int32Array(1024);
  /** Whether a call that may recurse is in it. */
  callsCycle: Uint8Array = new Uint8Array(1024);
  /** Whether the body has strips, and so needs a counter. */
  hasStrips = false;
  readonly #open: OpenLoop[] = [];
  /** By opener: what the branches to its label know, and what an `if` knew. -1: none yet. */
  #labelUnits: Int32Array = new Int32Array(1024);
  #labelPassed: Int32Array = new Int32Array(1024);
  #ifUnits: Int32Array = new Int32Array(1024);
  #ifPassed: Int32Array = new Int32Array(1024);
  #dirty: Uint8Array = new Uint8Array(1024);
  /** Open loops around each loop. */
  #depth: Int32Array = new Int32Array(1024);

  /**
   * Decides.
   *
   * @param bytes The module.
   * @param isSure Whether calling the function always passes a check.
   * @param isCycle Whether calling it may lead back here.
   */
  decide(
    bytes: Uint8Array,
    body: Body,
    isSure: (callee: number) => boolean,
    isCycle: (callee: number) => boolean,
  ): void {
    this.#prepare(body);
    const open = this.#open;
    const { kind, a, b } = body;
    let live = true;
    let units = 0;
    let passed = 0;
    let nesting = 0;
    const join = (opener: number, event: number): void => {
      if (!live) return;
      if (kind[opener] === EVENT.loop) {
        this.#goBack(body, opener, event, units, passed, nesting);
        return;
      }
      this.#labelUnits[opener] = Math.max(this.#labelUnits[opener] ?? -1, units);
      const before = this.#labelPassed[opener] ?? -1;
      this.#labelPassed[opener] = before < 0 ? passed : Math.min(before, passed);
    };
    for (let event = 0; event < body.count; event += 1) {
      units += body.units[event] ?? 0;
      const opener = a[event] ?? 0;
      switch (kind[event] ?? EVENT.piece) {
        case EVENT.try:
        case EVENT.tryTable: {
          this.#keepPlace(open.at(-1));
          if (kind[event] === EVENT.tryTable) this.#catchAt(body, event);
          nesting += 1;
          break;
        }
        case EVENT.block:
          nesting += 1;
          break;
        case EVENT.loop:
          nesting += 1;
          this.#openLoop(body, event, nesting);
          units = 0;
          break;
        case EVENT.if:
          nesting += 1;
          this.#ifUnits[event] = live ? units : -1;
          this.#ifPassed[event] = passed;
          break;
        case EVENT.else:
          join(opener, event);
          live = (this.#ifUnits[opener] ?? -1) >= 0;
          units = this.#ifUnits[opener] ?? 0;
          passed = this.#ifPassed[opener] ?? 0;
          break;
        case EVENT.catch:
          join(opener, event);
          live = true;
          units = 0;
          passed = open.length;
          break;
        case EVENT.end:
        case EVENT.delegate: {
          nesting -= 1;
          if (kind[opener] === EVENT.loop) {
            const decided = this.#closeLoop(bytes, body);
            const isChecked = decided === LOOP.checked || decided === LOOP.strip;
            passed = isChecked ? open.length : Math.min(passed, open.length);
            break;
          }
          join(opener, event);
          if (kind[opener] === EVENT.if && (b[opener] ?? 0) === 0) {
            live = (this.#ifUnits[opener] ?? -1) >= 0;
            units = this.#ifUnits[opener] ?? 0;
            passed = this.#ifPassed[opener] ?? 0;
            join(opener, event);
          }
          live = (this.#labelUnits[opener] ?? -1) >= 0;
          units = Math.max(0, this.#labelUnits[opener] ?? 0);
          passed = Math.min(Math.max(0, this.#labelPassed[opener] ?? 0), open.length);
          if (this.#dirty[opener] !== 0) {
            live = true;
            passed = open.length;
          }
          break;
        }
        case EVENT.br:
          join(opener, event);
          live = false;
          break;
        case EVENT.brOn:
          // Strips would have to give it another depth.
          this.#keepPlace(open.at(-1));
          join(opener, event);
          break;
        case EVENT.brIf:
          join(opener, event);
          break;
        case EVENT.brTable:
          for (let left = b[event] ?? 0; left > 0; left -= 1) {
            const target = body.targets[opener + left - 1] ?? 0;
            // Also where it is never reached: it could not go to the head of a strip.
            if (kind[target] === EVENT.loop) this.#keepPlace(open[this.#depth[target] ?? 0]);
            join(target, event);
          }
          live = false;
          break;
        case EVENT.call:
        case EVENT.callOutside: {
          const isOutside = kind[event] === EVENT.callOutside;
          const loop = open.at(-1);
          // What is never returned from (a panic, mostly) is a way out of the loop.
          if (loop !== undefined && kind[event + 1] !== EVENT.leave) {
            loop.isPlain = false;
            if (isOutside || isCycle(opener)) loop.callsCycle = true;
          }
          if (isOutside || isSure(opener)) passed = open.length;
          break;
        }
        case EVENT.return:
        case EVENT.leave:
        case EVENT.tailCall:
        case EVENT.tailCallOutside:
          live = false;
          break;
        default:
      }
    }
  }

  #prepare(body: Body): void {
    this.#open.length = 0;
    this.hasStrips = false;
    if (this.kind.length < body.count) {
      const length = body.kind.length;
      this.kind = new Uint8Array(length);
      this.units = new Int32Array(length);
      this.strip = new Int32Array(length);
      this.callsCycle = new Uint8Array(length);
      this.#labelUnits = new Int32Array(length);
      this.#labelPassed = new Int32Array(length);
      this.#ifUnits = new Int32Array(length);
      this.#ifPassed = new Int32Array(length);
      this.#dirty = new Uint8Array(length);
      this.#depth = new Int32Array(length);
    }
    this.#labelUnits.fill(-1, 0, body.count);
    this.#labelPassed.fill(-1, 0, body.count);
    this.#dirty.fill(0, 0, body.count);
  }

  #openLoop(body: Body, event: number, nesting: number): void {
    this.#keepPlace(this.#open.at(-1));
    this.#depth[event] = this.#open.length;
    this.#open.push({
      event,
      backs: 0,
      back: 0,
      units: 0,
      isPlain: ((body.flags[event] ?? 0) & FLAG.noParameters) !== 0,
      isCovered: true,
      callsCycle: false,
      nesting,
      isBackOnTop: false,
    });
  }

  /** A loop cannot be strip-mined. */
  #keepPlace(loop: OpenLoop | undefined): void {
    if (loop !== undefined) loop.isPlain = false;
  }

  /** A way back to the head of an open loop. */
  #goBack(
    body: Body,
    opener: number,
    event: number,
    units: number,
    passed: number,
    nesting: number,
  ): void {
    const depth = this.#depth[opener] ?? 0;
    const loop = this.#open[depth];
    if (loop === undefined) return;
    loop.backs += 1;
    loop.back = event;
    loop.units = Math.max(loop.units, units);
    loop.isBackOnTop = nesting === loop.nesting && body.kind[event] === EVENT.brIf;
    if (passed <= depth) loop.isCovered = false;
  }

  /** Exceptions arrive at the labels of a `try_table` in any state; a check stands there. */
  #catchAt(body: Body, event: number): void {
    const first = body.a[event] ?? 0;
    for (let place = first; place < first + (body.b[event] ?? 0); place += 1) {
      const opener = body.targets[place] ?? 0;
      if (body.kind[opener] === EVENT.loop) this.#goBack(body, opener, event, 0, 0, 0);
      else this.#dirty[opener] = 1;
    }
  }

  #closeLoop(bytes: Uint8Array, body: Body): number {
    const loop = this.#open.pop();
    if (loop === undefined) return LOOP.once;
    const { event } = loop;
    const around = this.#open.at(-1);
    if (around !== undefined && loop.callsCycle) around.callsCycle = true;
    this.callsCycle[event] = loop.callsCycle ? 1 : 0;
    const decided = this.#decideLoop(bytes, body, loop);
    this.kind[event] = decided;
    if (decided === LOOP.strip) this.hasStrips = true;
    return decided;
  }

  #decideLoop(bytes: Uint8Array, body: Body, loop: OpenLoop): number {
    const { event, backs, back, units } = loop;
    if (backs === 0) return LOOP.once;
    if (loop.isPlain) {
      const most = Math.floor(BOUNDED_LOOP_UNITS / Math.max(1, units));
      if (backs === 1 && loop.isBackOnTop && most > 0) {
        const iterations = iterationsOf(bytes, body, event, back, most);
        if (iterations <= most) {
          this.units[event] = (iterations + 1) * units;
          return LOOP.bounded;
        }
      }
      const iterations = 2 ** Math.floor(Math.log2(STRIP_UNITS / Math.max(1, units)));
      if (iterations >= MIN_STRIP && backs <= MOST_BACKS && body.locals < MOST_LOCALS) {
        this.units[event] = (iterations + 1) * units;
        this.strip[event] = iterations;
        return LOOP.strip;
      }
    }
    return loop.isCovered ? LOOP.covered : LOOP.checked;
  }
}
