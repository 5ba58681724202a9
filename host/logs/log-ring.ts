/** The last lines of one function, bounded in number and in size. Part of `guest-log.ts`. */
import type { GuestLine, LineFilter } from './guest-line.ts';

/** What a line costs besides its text: the object, its times and its place. */
const LINE_UNITS = 128;

/** A first-in first-out list of lines that drops the oldest when it is full. */
export class LogRing {
  readonly #maxLines: number;
  readonly #maxUnits: number;
  /** Lines from `#first` on are kept; those before are gone and cut off from time to time. */
  #lines: GuestLine[] = [];
  #first = 0;
  #units = 0;

  constructor(maxLines: number, maxUnits: number) {
    this.#maxLines = maxLines;
    this.#maxUnits = maxUnits;
  }

  /** Lines kept now. */
  get length(): number {
    return this.#lines.length - this.#first;
  }

  /** Size kept now. */
  get units(): number {
    return this.#units;
  }

  /** Adds a line. @returns By how much the size has changed, which may be negative. */
  push(line: GuestLine): number {
    const before = this.#units;
    this.#lines.push(line);
    this.#units += line.text.length + LINE_UNITS;
    while (this.length > this.#maxLines || (this.#units > this.#maxUnits && this.length > 1)) {
      this.shift();
    }
    return this.#units - before;
  }

  /** Drops the oldest line. @returns Its size. */
  shift(): number {
    const line = this.#lines[this.#first];
    if (line === undefined) return 0;
    this.#first += 1;
    if (this.#first > 64 && this.#first * 2 > this.#lines.length) {
      this.#lines = this.#lines.slice(this.#first);
      this.#first = 0;
    }
    const units = line.text.length + LINE_UNITS;
    this.#units -= units;
    return units;
  }

  /** The last lines that the filter lets through, oldest first. */
  last(filter: LineFilter): GuestLine[] {
    const found: GuestLine[] = [];
    for (let at = this.#lines.length - 1; at >= this.#first; at -= 1) {
      if (found.length >= filter.tail) break;
      const line = this.#lines[at];
      if (line === undefined) break;
      if (filter.requestId === undefined || line.requestId === filter.requestId) found.push(line);
    }
    return found.toReversed();
  }
}
