/** One request on its way to a function and back, as small steps in the order they run. */
import { HostError, toHostError } from '../base/errors.ts';
import { requestIdFrom, type RequestId } from '../base/ids.ts';
import type { Caller, InvocationContext, InvocationResult, Invoker } from '../invoke/invoker.ts';
import type { Log } from '../logs/log.ts';
import type { ResolvedRequest, Router } from '../traffic/router.ts';
import type { Field } from '../wasi/ports.ts';
import type { Carrier, OpenExchange } from './carrier.ts';
import { answerError } from './error-answer.ts';
import { GuestRequest } from './guest-request.ts';
import type { RequestMessage, ResponseMessage } from './message.ts';
import { NodeResponder, type ResponseOwner } from './node-responder.ts';
import { NodeSource } from './node-source.ts';
import { RequestHead, type HeadParts } from './request-head.ts';
import type { TurnEnd } from './turn-end.ts';

/** What all exchanges work with. */
export interface ExchangeParts extends HeadParts {
  readonly invoker: Invoker;
  readonly router: () => Router;
  readonly turnEnd: TurnEnd;
  readonly log: Log;
}

/** One request and its response; to the invoker also the context and the caller, which are no objects of their own. */
export class Exchange implements OpenExchange, ResponseOwner, InvocationContext, Caller {
  readonly trigger = 'http';
  functionName = '';
  pathPrefix = '';
  onGone: (() => void) | undefined;
  readonly #parts: ExchangeParts;
  readonly #carrier: Carrier;
  readonly #request: RequestMessage;
  readonly #response: ResponseMessage;
  #requestId: RequestId | undefined;
  #head: RequestHead | undefined;
  #source: NodeSource | undefined;
  #responder: NodeResponder | undefined;
  #isGone = false;
  /** We broke it off: that the connection closes then is not the client's doing. */
  #isBroken = false;

  constructor(
    parts: ExchangeParts,
    carrier: Carrier,
    request: RequestMessage,
    response: ResponseMessage,
  ) {
    this.#parts = parts;
    this.#carrier = carrier;
    this.#request = request;
    this.#response = response;
  }

  get requestId(): RequestId {
    this.#requestId ??=
      this.#head?.requestId ?? requestIdFrom(singleValue(this.#request.headers['x-request-id']));
    return this.#requestId;
  }

  get clientAddress(): string {
    return this.#head?.clientAddress ?? this.#carrier.peer.address;
  }

  get caller(): Caller {
    return this;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  get isReceived(): boolean {
    return this.#request.complete;
  }

  get isAnswering(): boolean {
    return this.#response.headersSent;
  }

  /** Serves the request. Never throws. @param target Path and query as sent. */
  handle(target: string): void {
    this.#begin();
    try {
      this.#serve(target);
    } catch (error) {
      this.#handleBug(error);
    }
  }

  /** Answers a request that is none this host can serve. Never throws. */
  refuse(error: HostError): void {
    this.#begin();
    this.#answer(error);
  }

  /** The request takes too long to arrive: answers if no answer has begun, and gives the invocation up. */
  expire(error: HostError): void {
    this.#answer(error);
    this.clientGone();
  }

  forbidNext(): void {
    // Once the head has left this changes nothing: the connection closes after the response.
    this.#response.shouldKeepAlive = false;
  }

  clientGone(): void {
    this.#isGone = true;
    if (!this.#isBroken) this.onGone?.();
    this.#source?.fail(new Error('the client has closed the connection'));
    this.#responder?.clientGone();
  }

  onEnding(): void {
    this.#source?.close();
  }

  onUnusable(error: HostError): void {
    this.#answer(error);
  }

  onBroken(isFramed: boolean): void {
    this.#isBroken = true;
    this.#carrier.breakOff(this, !isFramed);
  }

  #begin(): void {
    this.#carrier.add(this);
    this.#response.on('close', () => this.#handleClose());
  }

  #serve(target: string): void {
    const head = this.#readHead(target);
    if (head === undefined) return;
    this.#head = head;
    if (head.hasBody) this.#openSource(head.expectsContinue);
    if (head.target === '*') {
      this.#answerOptions();
      return;
    }
    const resolved = this.#parts.router().resolve(head.authority ?? '', head.target);
    if (resolved === undefined) this.#answerUnknown(head);
    else this.#invoke(head, resolved);
  }

  #readHead(target: string): RequestHead | undefined {
    try {
      return new RequestHead(this.#request, target, this.#carrier.peer, this.#parts);
    } catch (error) {
      // Whoever sends what cannot be understood may mean something else by what follows: no second request.
      this.#response.shouldKeepAlive = false;
      this.#answer(toHostError(error));
      return undefined;
    }
  }

  #openSource(expectsContinue: boolean): void {
    const sendContinue = expectsContinue ? () => this.#sendContinue() : undefined;
    this.#source = new NodeSource(this.#request, sendContinue);
  }

  #sendContinue(): void {
    if (!this.#response.headersSent && !this.#response.destroyed) this.#response.writeContinue();
  }

  #invoke(head: RequestHead, { record, pathPrefix, path }: ResolvedRequest): void {
    const method = this.#request.method ?? 'GET';
    this.functionName = record.name;
    this.pathPrefix = pathPrefix;
    const prefix = head.outerPrefix + pathPrefix;
    const request = new GuestRequest(method, path, prefix, head, this.#source);
    const { turnEnd, invoker } = this.#parts;
    const responder = new NodeResponder(this.#response, method === 'HEAD', this, turnEnd);
    this.#responder = responder;
    invoker.handle(record, request, responder, this).then(
      (result) => this.#settle(result),
      (error: unknown) => this.#handleBug(error),
    );
  }

  /** The invocation is over: answers what the guest has not answered. */
  #settle({ outcome, error, retryAfterSeconds, serverTiming }: InvocationResult): void {
    const responder = this.#responder;
    // What the guest completed goes out, also if it failed afterwards.
    if (responder?.isComplete === true || (responder?.isDone === true && outcome === 'ok')) return;
    // A response that was begun and held back has not left: the client can still be told what happened.
    responder?.abort(outcome);
    const failure = error ?? new HostError('internal_error', { reason: 'no response was made' });
    const isPassing = outcome === 'overloaded' || outcome === 'instance_lost';
    const retryAfter = isPassing ? (retryAfterSeconds ?? 1) : undefined;
    this.#answer(failure, retryAfter, serverTiming);
  }

  #handleBug(error: unknown): void {
    this.#parts.log.error({ err: error, requestId: this.requestId }, 'the invoker failed');
    this.#settle({ outcome: 'host_error', error: toHostError(error) });
  }

  #answerUnknown({ authority = '', target }: RequestHead): void {
    const name = this.#parts.router().nameIn(authority, target)?.slice(0, 80);
    const error =
      name === undefined
        ? new HostError('no_route', { where: `${authority}${target}`.slice(0, 200) })
        : new HostError('unknown_function', { name });
    this.#answer(error);
  }

  /** `OPTIONS *` asks about the server itself: it is there. */
  #answerOptions(): void {
    this.#source?.close();
    this.#response.writeHead(204, ['x-request-id', this.requestId]);
    this.#response.end();
  }

  #answer(error: HostError, retryAfterSeconds?: number, serverTiming?: Field): void {
    if (this.#isGone || this.#response.headersSent || this.#response.destroyed) return;
    this.#source?.close();
    answerError(this.#response, error, this.requestId, retryAfterSeconds, serverTiming);
  }

  /** The response has left, or its connection has closed. */
  #handleClose(): void {
    this.#carrier.remove(this);
    if (!this.isReceived) this.#source?.drain(() => this.#carrier.destroy());
  }
}

function singleValue(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
