/**
 * A value that comes later and is taken once: what `future-trailers` and `future-incoming-response`
 * have in common.
 */
import { Pollable } from '../io/pollable.ts';
import type { Guest } from '../ports.ts';

/** A WIT `result` as a value. */
export type Result<T, E> =
  | { readonly tag: 'ok'; readonly val: T }
  | { readonly tag: 'err'; readonly val: E };

/** The result of a `get`: outer error if the value was taken before. */
export type TakenOnce<T> = Result<T, undefined>;

/** Holds the value between its arrival and its taking. */
export class Once<T> {
  readonly #guest: Guest;
  readonly #arrived = Promise.withResolvers<void>();
  #value: { readonly value: T } | undefined;
  #taken = false;

  constructor(guest: Guest) {
    this.#guest = guest;
  }

  /** Whether there is, or was, a value. */
  get settled(): boolean {
    return this.#value !== undefined || this.#taken;
  }

  /** Whether the value was given out. */
  get taken(): boolean {
    return this.#taken;
  }

  /** The value has come. A second one is ignored; returns whether this was the first. */
  settle(value: T): boolean {
    if (this.settled) return false;
    this.#value = { value };
    this.#arrived.resolve();
    return true;
  }

  /** `option<result<T>>`: undefined before the value is there, `err` after it was taken. */
  take(): TakenOnce<T> | undefined {
    if (this.#taken) return { tag: 'err', val: undefined };
    if (this.#value === undefined) return undefined;
    const { value } = this.#value;
    this.#value = undefined;
    this.#taken = true;
    return { tag: 'ok', val: value };
  }

  subscribe(): Pollable {
    return new Pollable(
      this.#guest,
      () => this.settled,
      () => this.#arrived.promise,
    );
  }

  /** Gives a value that nobody took to `discard`; none will be given out any more. */
  close(discard: (value: T) => void): void {
    const left = this.#value;
    this.#value = undefined;
    this.#taken = true;
    this.#arrived.resolve();
    if (left !== undefined) discard(left.value);
  }
}
