/**
 * The way of an outgoing body from the guest's stream to whoever takes it.
 *
 * Guests may write before anyone takes the body (before `response-outparam.set`, before `handle`): up
 * to a buffer's size is kept, and a flush then counts as done. The pipe also holds the guest to the
 * length it declared and the host's limit.
 */
import { HttpFailure, type ByteSink, type Field, type Guest } from '../ports.ts';
import type { ErrorCode } from './error-code.ts';
import { chargeGuest } from './host-budget.ts';

/** Kept before there is a taker: enough for a guest that writes a page and then sets the response. */
const BUFFER_BYTES = 65_536;

/** Who takes a body: a responder, or an exchange with a server. */
export interface BodyTaker {
  readonly sink: ByteSink;
  /** Most bytes it takes. */
  readonly limitBytes: number;
  /** The body is complete. */
  end(trailers: readonly Field[] | undefined): void;
  /** The body will never be complete. */
  abort(code: ErrorCode): void;
}

/** What a message declares about its body, and what its guest is told when it is wrong. */
export interface BodyRules {
  readonly declaredBytes: number | undefined;
  readonly sizeErrorTag: 'HTTP-request-body-size' | 'HTTP-response-body-size';
}

/**
 * `open`: the guest may write. `finished`: it wrote everything. The rest are failures: dropped
 * unfinished, another length than declared, more than the limit, the taker left.
 */
export type BodyState =
  | 'open'
  | 'finished'
  | 'abandoned'
  | 'wrong_length'
  | 'too_large'
  | 'taker_gone';

/** A body on its way. */
export class BodyPipe implements ByteSink {
  readonly #guest: Guest;
  readonly #rules: BodyRules;
  #isSettled = false;
  /** Made when somebody waits; most bodies are settled before anybody asks. */
  #settled: PromiseWithResolvers<void> | undefined;
  #state: BodyState = 'open';
  #delivered = false;
  #failure: Error | 'closed' | undefined;
  #taker: BodyTaker | 'nobody' | undefined;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #writtenBytes = 0;
  #trailers: readonly Field[] | undefined;
  /** Made when somebody waits, settled at the next change. */
  #changed: PromiseWithResolvers<void> | undefined;

  /** @param guest Who writes; what is kept for it counts as its own. */
  constructor(guest: Guest, rules: BodyRules) {
    this.#guest = guest;
    this.#rules = rules;
  }

  get state(): BodyState {
    return this.#state;
  }

  /** Whether the taker has been given everything, or never will be. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Resolves when it is settled. */
  get settled(): Promise<void> {
    this.#settled ??= Promise.withResolvers();
    if (this.#isSettled) this.#settled.resolve();
    return this.#settled.promise;
  }

  get capacity(): number {
    if (this.failure !== undefined) return 0;
    if (this.#taker === undefined) return BUFFER_BYTES - this.#queuedBytes;
    if (this.#taker === 'nobody') return BUFFER_BYTES;
    return this.#queuedBytes > 0 ? 0 : this.#taker.sink.capacity;
  }

  get pending(): number {
    const sink = this.#sink;
    return sink === undefined ? 0 : this.#queuedBytes + sink.pending;
  }

  get failure(): Error | 'closed' | undefined {
    return this.#failure ?? this.#sink?.failure;
  }

  write(bytes: Uint8Array): void {
    if (!this.#count(bytes.length)) return;
    const taker = this.#taker;
    if (taker === undefined || taker === 'nobody' || this.#queuedBytes > 0) {
      chargeGuest(this.#guest, bytes.length);
      this.#queue.push(bytes);
      this.#queuedBytes += bytes.length;
    } else taker.sink.write(bytes);
  }

  writeText(text: string): void {
    const sink = this.#queuedBytes > 0 ? undefined : this.#sink;
    if (sink?.writeText === undefined) this.write(Buffer.from(text, 'latin1'));
    else if (this.#count(text.length)) sink.writeText(text);
  }

  async ready(): Promise<void> {
    while (this.capacity === 0 && this.failure === undefined) {
      const sink = this.#queuedBytes > 0 ? undefined : this.#sink;
      await (sink === undefined ? this.#untilChanged() : sink.ready());
    }
  }

  async flushed(): Promise<void> {
    while (this.#sink !== undefined && this.#queuedBytes > 0 && this.failure === undefined) {
      await this.#untilChanged();
    }
    if (this.#failure === undefined) await this.#sink?.flushed();
  }

  /**
   * The guest has written everything.
   *
   * @returns The error it gets if that is not true, or nobody wants it any more.
   */
  finish(trailers: readonly Field[] | undefined): ErrorCode | undefined {
    if (this.#state !== 'open') return this.#errorCode();
    if (this.#sink?.failure !== undefined) this.#fail('taker_gone');
    // Before the message is sent, an empty body may yet turn out to be right: that of an answer to HEAD.
    else if (!this.#hasDeclaredLength() && (this.#taker !== undefined || this.#writtenBytes > 0)) {
      this.#fail('wrong_length');
    }
    if (this.#state !== 'open') return this.#errorCode();
    this.#state = 'finished';
    this.#trailers = trailers;
    this.#pump();
    return undefined;
  }

  /** The guest dropped the body unfinished. */
  abandon(): void {
    if (this.#state !== 'open') return;
    this.#fail(this.#sink?.failure === undefined ? 'abandoned' : 'taker_gone');
  }

  /** The message will not be sent: writing has no purpose any more. */
  close(): void {
    if (this.#delivered) return;
    if (this.#state === 'open' || this.#state === 'finished') this.#state = 'taker_gone';
    this.#give('closed');
  }

  /** Checks what `attach` would find: a finished body that is too short, or one that is too large. */
  checkBefore(limitBytes: number): BodyState {
    if (this.#state === 'finished' && !this.#hasDeclaredLength()) this.#fail('wrong_length');
    else if (this.#writtenBytes > limitBytes) this.#fail('too_large');
    return this.#state;
  }

  /** Gives the body to its taker: at once what was kept, then what comes. */
  attach(taker: BodyTaker): void {
    this.#taker = taker;
    if (this.#failure !== undefined) taker.abort(this.#errorCode());
    else this.#pump();
    this.#notify();
  }

  /** Nobody will see the body: whatever is written is taken and forgotten. */
  discard(): void {
    this.#taker = 'nobody';
    this.#forget();
    this.#pump();
    this.#notify();
  }

  /** Counts bytes that come; false if they are to be forgotten. */
  #count(bytes: number): boolean {
    if (this.failure !== undefined || this.#taker === 'nobody') return false;
    this.#writtenBytes += bytes;
    const { declaredBytes } = this.#rules;
    if (declaredBytes !== undefined && this.#writtenBytes > declaredBytes) {
      this.#fail('wrong_length');
      return false;
    }
    if (this.#taker !== undefined && this.#writtenBytes > this.#taker.limitBytes) {
      this.#fail('too_large');
      return false;
    }
    return true;
  }

  get #sink(): ByteSink | undefined {
    return this.#taker === 'nobody' ? undefined : this.#taker?.sink;
  }

  #hasDeclaredLength(): boolean {
    const { declaredBytes } = this.#rules;
    if (declaredBytes === undefined || this.#taker === 'nobody') return true;
    return declaredBytes === this.#writtenBytes;
  }

  /** Moves what was kept; comes back by itself when the taker is slow. */
  #pump(): void {
    const taker = this.#taker;
    if (taker === undefined || this.#failure !== undefined) return;
    if (taker !== 'nobody') this.#movePieces(taker.sink);
    if (this.#queuedBytes > 0) return;
    this.#notify();
    if (this.#state !== 'finished') return;
    this.#delivered = true;
    if (taker !== 'nobody') taker.end(this.#trailers);
    this.#settle();
  }

  #movePieces(sink: ByteSink): void {
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      if (sink.failure !== undefined) return this.#fail('taker_gone');
      const room = sink.capacity;
      if (room === 0) {
        // Never rejects.
        void sink.ready().then(() => this.#pump());
        return undefined;
      }
      sink.write(next.subarray(0, room));
      const moved = Math.min(room, next.length);
      this.#queuedBytes -= moved;
      chargeGuest(this.#guest, -moved);
      if (next.length > room) this.#queue[0] = next.subarray(room);
      else this.#queue.shift();
    }
    return undefined;
  }

  #fail(state: Exclude<BodyState, 'open' | 'finished'>): void {
    this.#state = state;
    const code = this.#errorCode();
    this.#give(new HttpFailure(code));
    if (this.#taker !== undefined && this.#taker !== 'nobody') this.#taker.abort(code);
  }

  #give(failure: Error | 'closed'): void {
    this.#failure ??= failure;
    this.#forget();
    this.#settle();
    this.#notify();
  }

  #forget(): void {
    if (this.#queuedBytes === 0) return;
    chargeGuest(this.#guest, -this.#queuedBytes);
    this.#queue = [];
    this.#queuedBytes = 0;
  }

  #settle(): void {
    this.#isSettled = true;
    this.#settled?.resolve();
  }

  #notify(): void {
    this.#changed?.resolve();
    this.#changed = undefined;
  }

  #untilChanged(): Promise<void> {
    this.#changed ??= Promise.withResolvers();
    return this.#changed.promise;
  }

  #errorCode(): ErrorCode {
    const tag = this.#rules.sizeErrorTag;
    if (this.#state === 'wrong_length') return { tag, val: BigInt(this.#writtenBytes) };
    if (this.#state === 'too_large') return { tag, val: undefined };
    if (this.#state === 'taker_gone') {
      // Why it left, if it said so: a guest that writes after a refused connection learns of the refusal.
      const cause = this.#sink?.failure;
      return cause instanceof HttpFailure ? cause.errorCode : { tag: 'connection-terminated' };
    }
    return { tag: 'internal-error', val: 'the body was dropped before it was finished' };
  }
}
