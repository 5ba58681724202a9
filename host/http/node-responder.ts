/**
 * A Node response as `HttpResponder` and its `ByteSink`.
 *
 * The head and a small beginning of the body are held back until the event loop's turn is over: a response that
 * is complete by then goes out in one piece with its length, and one that failed by then can still be
 * answered with a coded error. A guest that declares a length must keep it, because the client finds the next
 * response by it.
 */
import { HostError } from '../base/errors.ts';
import type { ByteSink, Field, HttpResponder } from '../wasi/ports.ts';
import { isTrailerField, textOf } from './fields.ts';
import type { ResponseMessage } from './message.ts';
import { readResponseHead, type ResponseHead } from './response-head.ts';
import type { HeldAnswer, TurnEnd } from './turn-end.ts';

/** Bytes that wait for the client before the guest is made to wait. */
const HIGH_WATER_BYTES = 64 * 1024;
/** A body up to this size goes out as text: Node joins it with the head in one write, and copying is cheaper than a second piece. */
const JOINED_BYTES = 4 * 1024;
/** Bytes held back for the end of the turn. */
const HELD_BYTES = 16 * 1024;
/**
 * Turns for which a response that has begun is held back: a guest that was interrupted can complete it, and the client gets
 * it whole. Where nothing else is to be done they take some 50 µs together.
 */
const HELD_TURNS = 16;

const READY = Promise.resolve();

/** Whom a response belongs to. */
export interface ResponseOwner {
  readonly requestId: string;
  readonly functionName: string;
  /** Called right before the response is complete. */
  onEnding(): void;
  /** Called when the guest's response cannot be sent; nothing of it was. */
  onUnusable(error: HostError): void;
  /**
   * Called when a part of the response was sent and the rest will not come.
   *
   * @param isFramed Whether the client can tell by the framing; if not, the connection must be reset.
   */
  onBroken(isFramed: boolean): void;
  /** Called when what was written cannot reach the client any more. */
  clientGone(): void;
}

/** Writes one response. */
export class NodeResponder implements HttpResponder, ByteSink, HeldAnswer {
  readonly #response: ResponseMessage;
  readonly #owner: ResponseOwner;
  readonly #isHead: boolean;
  readonly #turnEnd: TurnEnd;
  #head: ResponseHead | undefined;
  /** `held`: nothing has left yet; `complete`: nothing either, and nothing more will come. */
  #state: 'unbegun' | 'held' | 'complete' | 'sending' | 'ended' | 'broken' = 'unbegun';
  #failure: Error | 'closed' | undefined;
  #held: Uint8Array[] = [];
  /** Held as text, in place of pieces: the whole body of a small response, most often. */
  #heldText = '';
  #heldBytes = 0;
  #turnsLeft = HELD_TURNS;
  #hasBody = false;
  /** Bytes of the declared length still to come. */
  #leftBytes = Number.POSITIVE_INFINITY;
  #pendingBytes = 0;
  /** Sizes of the writes that Node has not reported as done, in order. */
  readonly #writes: number[] = [];
  #room: PromiseWithResolvers<void> | undefined;
  #empty: PromiseWithResolvers<void> | undefined;
  readonly #onWritten = (error?: Error | null): void => this.#settleWrite(error);

  /**
   * @param response Nothing of it has been sent.
   * @param isHead Whether the method is HEAD: the body stays here.
   * @param owner Whom it belongs to.
   * @param turnEnd Tells when the turn is over.
   */
  constructor(response: ResponseMessage, isHead: boolean, owner: ResponseOwner, turnEnd: TurnEnd) {
    this.#response = response;
    this.#isHead = isHead;
    this.#owner = owner;
    this.#turnEnd = turnEnd;
    response.on('error', ignore);
  }

  /** Whether a part of the response may have reached the client. */
  get isSent(): boolean {
    return this.#response.headersSent;
  }

  /** Whether the response is complete; it may still wait for the end of the turn. */
  get isComplete(): boolean {
    return this.#state === 'ended' || this.#state === 'complete';
  }

  /** Whether the response is complete, or never will be. */
  get isDone(): boolean {
    return this.isComplete || this.#state === 'broken';
  }

  get capacity(): number {
    if (this.#failure !== undefined) return 0;
    return Math.max(HIGH_WATER_BYTES - this.#pendingBytes - this.#heldBytes, 0);
  }

  get pending(): number {
    return this.#pendingBytes;
  }

  get failure(): Error | 'closed' | undefined {
    return this.#failure;
  }

  begin(status: number, headers: readonly Field[]): ByteSink {
    if (this.#state !== 'unbegun') return this;
    const head = readResponseHead(status, headers);
    if (typeof head === 'string') {
      this.#refuse(head);
      return this;
    }
    this.#head = head;
    this.#state = 'held';
    this.#hasBody = !this.#isHead && status !== 204 && status !== 304;
    if (this.#hasBody) this.#leftBytes = head.declaredBytes ?? Number.POSITIVE_INFINITY;
    this.#turnEnd.add(this);
    return this;
  }

  write(bytes: Uint8Array): void {
    if (this.#failure !== undefined || bytes.byteLength === 0) return;
    this.#leftBytes -= bytes.byteLength;
    if (this.#leftBytes < 0) {
      this.#refuse('its body is longer than its content-length');
    } else if (this.#state === 'held' && this.#heldBytes + bytes.byteLength <= HELD_BYTES) {
      this.#holdBytes();
      this.#held.push(bytes);
      this.#heldBytes += bytes.byteLength;
    } else if (this.#send()) {
      this.#writeOut(bytes);
    }
  }

  writeText(text: string): void {
    const isFirst = this.#state === 'held' && this.#heldBytes === 0 && text.length <= JOINED_BYTES;
    if (!isFirst || this.#failure !== undefined || text.length > this.#leftBytes) {
      this.write(Buffer.from(text, 'latin1'));
      return;
    }
    this.#leftBytes -= text.length;
    this.#heldText = text;
    this.#heldBytes = text.length;
  }

  ready(): Promise<void> {
    if (this.#failure !== undefined || this.capacity > 0) return READY;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  flushed(): Promise<void> {
    // What is held back leaves by itself when the turn is over: nothing to wait for.
    if (this.#failure !== undefined || this.#pendingBytes === 0) return READY;
    this.#empty ??= Promise.withResolvers();
    return this.#empty.promise;
  }

  end(trailers: readonly Field[] | undefined): void {
    if (this.#state !== 'held' && this.#state !== 'sending') return;
    if (this.#leftBytes > 0 && this.#leftBytes !== Number.POSITIVE_INFINITY) {
      this.#refuse('its body is shorter than its content-length');
      return;
    }
    if (this.#state === 'held' && trailers === undefined) this.#state = 'complete';
    else if (this.#send() && this.#addTrailers(trailers)) this.#end(undefined);
  }

  abort(_reason: string): void {
    if (this.isDone) return;
    this.#break(new Error('the response was aborted'));
  }

  /** The client has gone: what is written from now on is lost. */
  clientGone(): void {
    if (this.#state === 'ended' || this.#state === 'broken') return;
    this.#state = 'broken';
    this.#fail('closed');
  }

  sendHeld(): void {
    if (this.#state === 'complete') {
      this.#sendWhole();
    } else if (this.#state === 'held') {
      this.#turnsLeft -= 1;
      if (this.#turnsLeft > 0) this.#turnEnd.add(this);
      else if (this.#send()) this.#response.flushHeaders();
    }
  }

  /** Sends the response in one piece: it is all there. */
  #sendWhole(): void {
    if (!this.#writeHead(this.#heldBytes)) return;
    if (!this.#hasBody || this.#heldBytes === 0) this.#end(undefined);
    else if (this.#heldText === '') this.#end(joined(this.#held));
    else this.#endWithText(this.#heldText);
  }

  /** What is held as text becomes a piece like others. */
  #holdBytes(): void {
    if (this.#heldText === '') return;
    this.#held.push(Buffer.from(this.#heldText, 'latin1'));
    this.#heldText = '';
  }

  /** Sends head and held bytes, unless that has happened. Returns false if they cannot be sent. */
  #send(): boolean {
    if (this.#state !== 'held') return this.#state === 'sending';
    if (!this.#writeHead(undefined)) return false;
    this.#holdBytes();
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    for (const bytes of held) this.#writeOut(bytes);
    return true;
  }

  #writeHead(wholeBytes: number | undefined): boolean {
    if (this.#head === undefined) return false;
    try {
      this.#response.writeHead(this.#head.status, this.#completeHead(this.#head, wholeBytes));
      this.#state = 'sending';
      return true;
    } catch {
      this.#refuse('a name or value of its header has characters that HTTP forbids');
      return false;
    }
  }

  #end(body: Uint8Array | undefined): void {
    if (body !== undefined && body.byteLength <= JOINED_BYTES) {
      this.#endWithText(textOf(body));
      return;
    }
    this.#state = 'ended';
    this.#owner.onEnding();
    this.#response.end(body);
  }

  #endWithText(body: string): void {
    this.#state = 'ended';
    this.#owner.onEnding();
    this.#response.end(body, 'latin1');
  }

  #completeHead(head: ResponseHead, wholeBytes: number | undefined): string[] {
    const { raw, status, declaredBytes, trailer } = head;
    if (declaredBytes !== undefined) {
      if (status !== 204) raw.push('content-length', String(declaredBytes));
    } else if (
      trailer !== undefined &&
      this.#hasBody &&
      this.#response.useChunkedEncodingByDefault
    ) {
      raw.push('trailer', trailer);
    } else if (wholeBytes !== undefined && (this.#hasBody || (this.#isHead && wholeBytes > 0))) {
      raw.push('content-length', String(wholeBytes));
    }
    raw.push('x-request-id', this.#owner.requestId);
    return raw;
  }

  #writeOut(bytes: Uint8Array): void {
    if (!this.#hasBody) return;
    this.#pendingBytes += bytes.byteLength;
    this.#writes.push(bytes.byteLength);
    this.#response.write(bytes, this.#onWritten);
  }

  #settleWrite(error: Error | null | undefined): void {
    if (error instanceof Error) {
      // The connection is gone; its `close` comes a turn later, and until then a guest would write on.
      this.#owner.clientGone();
      return;
    }
    this.#pendingBytes -= this.#writes.shift() ?? 0;
    if (this.capacity > 0) this.#resolveRoom();
    if (this.#pendingBytes === 0) this.#resolveEmpty();
  }

  /** Only a chunked body can have trailers; elsewhere they are dropped, as HTTP allows. */
  #addTrailers(trailers: readonly Field[] | undefined): boolean {
    if (trailers === undefined || !this.#response.chunkedEncoding) return true;
    const allowed = trailers.filter(([name]) => isTrailerField(name.toLowerCase()));
    try {
      this.#response.addTrailers(allowed.map(([name, value]) => [name, textOf(value)]));
      return true;
    } catch {
      this.#refuse('a name or value of its trailers has characters that HTTP forbids');
      return false;
    }
  }

  #refuse(reason: string): void {
    const error = new HostError('guest_bad_response', { name: this.#owner.functionName, reason });
    this.#break(error);
    if (!this.isSent) this.#owner.onUnusable(error);
  }

  #break(error: Error): void {
    if (this.#state === 'ended' || this.#state === 'broken') return;
    this.#state = 'broken';
    this.#held = [];
    this.#heldText = '';
    this.#heldBytes = 0;
    this.#fail(error);
    if (this.isSent) {
      const isFramed = this.#response.chunkedEncoding || this.#head?.declaredBytes !== undefined;
      this.#owner.onBroken(isFramed);
    }
  }

  #fail(failure: Error | 'closed'): void {
    this.#failure = failure;
    this.#resolveRoom();
    this.#resolveEmpty();
  }

  #resolveRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }

  #resolveEmpty(): void {
    this.#empty?.resolve();
    this.#empty = undefined;
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [first] = pieces;
  return pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces);
}

/** A write to a connection that is gone; `clientGone` tells of it. */
function ignore(): void {}
