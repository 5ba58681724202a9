/**
 * What guests wrote to stdout and stderr, and what the host has to say about an invocation: the last
 * lines of each function, in memory, for `faas logs`.
 *
 * Everything is bounded, because guests decide how much they write: lines and bytes of each function,
 * bytes of all functions together (the function that wrote least recently loses its lines first), and
 * what waits for a slow follower, who is told how many lines it lost. Text is kept as the guest wrote
 * it, control characters included: whoever shows it on a terminal makes it harmless.
 */
import type { Closeable } from '../base/closeable.ts';
import type { FunctionName } from '../base/ids.ts';
import type { FollowEvent, GuestLine, LineFilter } from './guest-line.ts';
import { LogFollower } from './log-follower.ts';
import { LogRing } from './log-ring.ts';

/** Text kept of one function, in UTF-16 units with an allowance for every line. */
const FUNCTION_UNITS = 1024 * 1024;
/** Text kept of all functions together. */
const TOTAL_UNITS = 32 * 1024 * 1024;

/** Keeps the last lines of every function. */
export class GuestLog implements Closeable {
  readonly #linesPerFunction: number;
  readonly #totalUnits: number;
  /** In order of the last line: who wrote least recently comes first. */
  readonly #rings = new Map<FunctionName, LogRing>();
  readonly #followers = new Map<FunctionName, Set<LogFollower>>();
  #units = 0;

  /**
   * @param linesPerFunction Lines kept of each function, 0 or more.
   * @param totalUnits UTF-16 units kept of all functions together.
   */
  constructor(linesPerFunction: number, totalUnits: number = TOTAL_UNITS) {
    this.#linesPerFunction = linesPerFunction;
    this.#totalUnits = totalUnits;
  }

  /** Adds a line and hands it to those who follow the function. */
  append(line: GuestLine): void {
    const ring =
      this.#rings.get(line.function) ?? new LogRing(this.#linesPerFunction, FUNCTION_UNITS);
    this.#rings.delete(line.function);
    this.#rings.set(line.function, ring);
    this.#units += ring.push(line);
    while (this.#units > this.#totalUnits) this.#dropOldest();
    for (const follower of this.#followers.get(line.function) ?? []) follower.offer(line);
  }

  /** The last lines of a function that the filter lets through, oldest first. */
  read(name: FunctionName, filter: LineFilter): readonly GuestLine[] {
    return this.#rings.get(name)?.last(filter) ?? [];
  }

  /**
   * Gives the last lines and then each new one, until the signal aborts, the function is forgotten or
   * this log is closed. Ending the iteration early ends the following too.
   *
   * @param signal Ends the iteration; it does not throw then.
   */
  async *follow(
    name: FunctionName,
    filter: LineFilter,
    signal: AbortSignal,
  ): AsyncGenerator<FollowEvent, void, void> {
    const follower = new LogFollower(filter.requestId);
    const followers = this.#followers.get(name) ?? new Set();
    this.#followers.set(name, followers.add(follower));
    const leave = (): void => follower.end();
    signal.addEventListener('abort', leave, { once: true });
    try {
      if (signal.aborted) return;
      for (const line of this.read(name, filter)) yield { line };
      yield* follower.events();
    } finally {
      signal.removeEventListener('abort', leave);
      followers.delete(follower);
      if (followers.size === 0 && this.#followers.get(name) === followers) {
        this.#followers.delete(name);
      }
    }
  }

  /** A function was deleted: its lines go and who follows it comes to the end. */
  forget(name: FunctionName): void {
    this.#units -= this.#rings.get(name)?.units ?? 0;
    this.#rings.delete(name);
    for (const follower of this.#followers.get(name) ?? []) follower.end();
    this.#followers.delete(name);
  }

  close(): void {
    for (const name of [...this.#rings.keys(), ...this.#followers.keys()]) this.forget(name);
  }

  #dropOldest(): void {
    for (const [name, ring] of this.#rings) {
      this.#units -= ring.shift();
      if (ring.length === 0) this.#rings.delete(name);
      return;
    }
  }
}
