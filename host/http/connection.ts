/**
 * One client connection: who is at the other end, which requests are under way on it, and how it ends.
 * Requests may be pipelined, so whatever is said last waits until those before it are answered.
 */
import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import type { HostError } from '../base/errors.ts';
import { createRequestId } from '../base/ids.ts';
import type { Carrier, OpenExchange } from './carrier.ts';
import { lastAnswer } from './error-answer.ts';
import type { Peer } from './peer.ts';

/** How long a client has to read the last answer and to close. */
const LINGER_MS = 2000;

const NOTHING = Buffer.alloc(0);

/** State of one connection. */
export class Connection implements Carrier {
  readonly peer: Peer;
  readonly #socket: Socket;
  readonly #clock: Clock;
  /**
   * In the order of arrival, which is that of the answers. No `Set`: V8 makes it a new table after every few
   * removals and chains the old ones to it, and in the old generation such a chain keeps all requests alive.
   */
  readonly #exchanges: OpenExchange[] = [];
  /** Responses that will not be complete, and whether the connection must be reset to show it. */
  readonly #broken = new Map<OpenExchange, boolean>();
  /** The last request that was answered before all of it had arrived. */
  #unread: OpenExchange | undefined;
  #last: HostError | undefined;
  #isEnding = false;
  #isClosing = false;

  constructor(socket: Socket, clock: Clock, peer: Peer) {
    this.#socket = socket;
    this.#clock = clock;
    this.peer = peer;
  }

  /** Whether it takes no more requests. */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** Whether no request is under way. */
  get isIdle(): boolean {
    return this.#exchanges.length === 0;
  }

  add(exchange: OpenExchange): void {
    this.#exchanges.push(exchange);
  }

  /** An exchange is over. */
  remove(exchange: OpenExchange): void {
    const index = this.#exchanges.indexOf(exchange);
    if (index !== -1) this.#exchanges.splice(index, 1);
    if (!exchange.isReceived) this.#unread = exchange;
    if (this.#broken.size > 0) this.#breakFirst();
    else if (this.#last !== undefined) this.#sayLast();
    else if (this.#isClosing && this.isIdle) this.#end();
  }

  /** Ends the connection amid the response of `exchange`, once those before it are complete. */
  breakOff(exchange: OpenExchange, mustReset: boolean): void {
    this.#broken.set(exchange, mustReset);
    this.#breakFirst();
  }

  /** What arrives cannot be read: answers with `error` after what is under way, and closes. */
  refuse(error: HostError): void {
    if (this.#last !== undefined || this.#isEnding) return;
    this.#last = error;
    // The rest of a request that has its answer already: another one would be taken for the next.
    if (this.#unread?.isReceived === false) this.destroy();
    else this.#sayLast();
  }

  /**
   * The next answer is the last one. An idle connection is closed.
   *
   * @param idleMs After this time: the client may be sending a request at this moment, and would never know
   *   whether it was served.
   */
  startClosing(idleMs: number): void {
    this.#isClosing = true;
    for (const exchange of this.#exchanges) exchange.forbidNext();
    if (!this.isIdle) return;
    if (idleMs === 0) this.#end();
    else
      this.#socket.once(
        'close',
        this.#clock.after(idleMs, () => this.#endIfIdle()),
      );
  }

  /** Ends it at once. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** The socket has closed. */
  handleClose(): void {
    for (const exchange of this.#exchanges.splice(0)) exchange.clientGone();
    this.#broken.clear();
  }

  #endIfIdle(): void {
    if (this.isIdle) this.#end();
  }

  /** Says the last word if nothing must be answered before it. */
  #sayLast(): void {
    for (const exchange of this.#exchanges) {
      // A request that will never be complete: the last word is its answer, unless it has begun to have one.
      if (exchange.isReceived) return;
      if (exchange.isAnswering) {
        this.destroy();
        return;
      }
    }
    if (this.#last !== undefined) this.#end(lastAnswer(this.#last, createRequestId()));
  }

  /** Sends the end, throws away what still comes, and does not wait for ever. */
  #end(bytes: Buffer = NOTHING): void {
    if (this.#isEnding || this.#socket.destroyed) return;
    this.#isEnding = true;
    const cancel = this.#clock.after(LINGER_MS, () => this.destroy());
    this.#socket.once('close', cancel);
    // The requests that this answers for are over; their guests are told when the socket closes.
    this.#socket.end(bytes);
    this.#socket.resume();
    if (!this.isIdle) this.handleClose();
  }

  #breakFirst(): void {
    const [first] = this.#exchanges;
    const mustReset = first === undefined ? undefined : this.#broken.get(first);
    if (mustReset === true) this.#socket.resetAndDestroy();
    else if (mustReset === false) this.destroy();
  }
}
