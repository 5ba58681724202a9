/**
 * What one process shows of its main thread in shared memory: that its event loop turns, and whose guest runs. A
 * watching thread reads it when the main thread can no longer be asked (`host/cluster/watchdog/`).
 *
 * Entering a guest costs one store: its function has a place in a table, where its name was written before.
 */

/** Where things lie in the memory. Words are of 4 bytes. */
export interface BoardLayout {
  /** Index of the word that grows with every beat of the event loop. */
  readonly beat: number;
  /** Index of the word that holds the place of the function that runs: `NOBODY`, `UNNAMED` or a place. */
  readonly running: number;
  /** Index of the word that is 1 while the loop may stand still: a debugger can hold it. */
  readonly excused: number;
  /** Bytes of a place: a length, and a name of at most 63 bytes. Place n begins at n times this; the words are before place 1. */
  readonly placeBytes: number;
}

export const BOARD: BoardLayout = Object.freeze({
  beat: 0,
  running: 1,
  excused: 2,
  placeBytes: 64,
});

/** No guest runs. */
export const NOBODY = 0;
/** One runs whose function has no place. */
export const UNNAMED = -1;

/** Functions with a name on a board that somebody watches: 1 MiB, of which only what is written is resident. */
const DEFAULT_PLACES = 16_384;

interface Place {
  readonly number: number;
  /** Versions of the function that may run. */
  users: number;
}

/** The board of one process. */
export class RunningBoard {
  /** To be read by the watching thread. */
  readonly memory: SharedArrayBuffer;
  /** One word: the place that is shown as running. Whoever enters or leaves guest code stores it. */
  readonly running: Int32Array;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #places: number;
  /** By name; those in use less lately come first. */
  readonly #byName = new Map<string, Place>();

  /** @param places Functions that have a name at a time; 0 to 1,000,000. Further ones are shown as `UNNAMED`. */
  constructor(places = DEFAULT_PLACES) {
    this.memory = new SharedArrayBuffer((places + 1) * BOARD.placeBytes);
    this.#words = new Int32Array(this.memory, 0, BOARD.placeBytes / 4);
    this.running = this.#words.subarray(BOARD.running, BOARD.running + 1);
    this.#bytes = new Uint8Array(this.memory);
    this.#places = places;
  }

  /**
   * Gives a function its place until `release` is called as often. Without users the place stays that of the function
   * until another one needs it: what was still under way is then not taken for somebody else.
   *
   * @param name Name of a function: ASCII, at most 63 characters.
   * @returns The place, to be stored in `running`; `UNNAMED` if there is none left.
   */
  take(name: string): number {
    const known = this.#byName.get(name);
    const number = known?.number ?? this.#findNumber();
    if (number === UNNAMED) return UNNAMED;
    const users = (known?.users ?? 0) + 1;
    // Anew, so that it comes last.
    this.#byName.delete(name);
    this.#byName.set(name, { number, users });
    if (known === undefined) this.#write(number, name);
    return number;
  }

  /** A user of a place has ended. */
  release(name: string): void {
    const place = this.#byName.get(name);
    if (place !== undefined && place.users > 0) place.users -= 1;
  }

  /**
   * The event loop turns. Called by a timer, so no guest runs.
   *
   * @param isExcused Whether it may stand still from now on.
   */
  beat(isExcused: boolean): void {
    this.running[0] = NOBODY;
    Atomics.store(this.#words, BOARD.excused, isExcused ? 1 : 0);
    Atomics.add(this.#words, BOARD.beat, 1);
  }

  /** A number that nobody has, or that of the function which has been without users for longest. */
  #findNumber(): number {
    if (this.#byName.size < this.#places) return this.#byName.size + 1;
    for (const [name, { number, users }] of this.#byName) {
      if (users > 0) continue;
      this.#byName.delete(name);
      return number;
    }
    return UNNAMED;
  }

  #write(number: number, name: string): void {
    const offset = number * BOARD.placeBytes;
    const length = Math.min(name.length, BOARD.placeBytes - 1);
    this.#bytes[offset] = length;
    for (let index = 0; index < length; index += 1) {
      this.#bytes[offset + 1 + index] = name.charCodeAt(index);
    }
  }
}
