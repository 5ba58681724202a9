/** One request on its way to a function and back, as small steps in the order they run. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { HostError, toHostError } from '../base/errors.ts';
import { requestIdFrom, type RequestId } from '../base/ids.ts';
import type { InvocationResult, Invoker } from '../invoke/invoker.ts';
import type { Log } from '../logs/log.ts';
import type { ResolvedRequest, Router } from '../traffic/router.ts';
import type { IncomingHttpRequest } from '../wasi/ports.ts';
import type { Connection, OpenExchange } from './connection.ts';
import { answerError } from './error-answer.ts';
import { fieldOf } from './fields.ts';
import { NodeResponder, type ResponseOwner } from './node-responder.ts';
import { EMPTY_SOURCE, NodeSource } from './node-source.ts';
import type { ProxyTrust } from './proxy-trust.ts';
import { readRequestHead, type RequestHead } from './request-head.ts';

/** What all exchanges work with. */
export interface ExchangeParts {
  readonly invoker: Invoker;
  readonly router: () => Router;
  readonly trust: ProxyTrust;
  readonly log: Log;
}

/** One request and its response. */
export class Exchange implements OpenExchange, ResponseOwner {
  functionName = '';
  #requestId: RequestId | undefined;
  readonly #parts: ExchangeParts;
  readonly #connection: Connection;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #abort = new AbortController();
  #source: NodeSource | undefined;
  #responder: NodeResponder | undefined;
  #isGone = false;

  constructor(
    parts: ExchangeParts,
    connection: Connection,
    request: IncomingMessage,
    response: ServerResponse,
  ) {
    this.#parts = parts;
    this.#connection = connection;
    this.#request = request;
    this.#response = response;
  }

  get requestId(): RequestId {
    this.#requestId ??= requestIdFrom(singleValue(this.#request.headers['x-request-id']));
    return this.#requestId;
  }

  get isReceived(): boolean {
    return this.#request.complete;
  }

  get isAnswering(): boolean {
    return this.#response.headersSent;
  }

  /** Serves the request. Never throws. @param target Path and query as sent. */
  handle(target: string): void {
    this.#connection.add(this);
    this.#response.on('close', () => this.#handleClose());
    try {
      this.#serve(target);
    } catch (error) {
      this.#handleBug(error);
    }
  }

  forbidNext(): void {
    // Once the head has left this changes nothing: the connection closes after the response.
    this.#response.shouldKeepAlive = false;
  }

  clientGone(): void {
    this.#isGone = true;
    this.#abort.abort();
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
    this.#connection.breakOff(this, !isFramed);
  }

  #serve(target: string): void {
    const head = this.#readHead(target);
    if (head === undefined) return;
    this.#requestId = head.requestId;
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
      return readRequestHead(this.#request, target, this.#connection.peer, this.#parts.trust);
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
    this.functionName = record.name;
    const prefix = head.outerPrefix + pathPrefix;
    if (prefix !== '') head.fields.push(fieldOf('x-forwarded-prefix', prefix));
    const source = this.#source;
    const request: IncomingHttpRequest = {
      method: this.#request.method ?? 'GET',
      scheme: head.scheme,
      authority: head.authority,
      pathWithQuery: path,
      headers: head.fields,
      body: source ?? EMPTY_SOURCE,
      trailers: source === undefined ? noTrailers : () => source.trailers(),
    };
    const context = {
      requestId: head.requestId,
      trigger: 'http' as const,
      clientAddress: head.clientAddress,
      pathPrefix,
      signal: this.#abort.signal,
    };
    const responder = new NodeResponder(this.#response, request.method === 'HEAD', this);
    this.#responder = responder;
    this.#parts.invoker.handle(record, request, responder, context).then(
      (result) => this.#settle(result),
      (error: unknown) => this.#handleBug(error),
    );
  }

  /** The invocation is over: answers what the guest has not answered. */
  #settle({ outcome, error, retryAfterSeconds }: InvocationResult): void {
    const isAnswered = this.#responder?.isDone === true && outcome === 'ok';
    if (isAnswered) return;
    // A response that was begun and held back has not left: the client can still be told what happened.
    this.#responder?.abort(outcome);
    const failure = error ?? new HostError('internal_error', { reason: 'no response was made' });
    this.#answer(failure, outcome === 'overloaded' ? (retryAfterSeconds ?? 1) : undefined);
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

  #answer(error: HostError, retryAfterSeconds?: number): void {
    if (this.#isGone || this.#response.headersSent || this.#response.destroyed) return;
    this.#source?.close();
    answerError(this.#response, error, this.requestId, retryAfterSeconds);
  }

  /** The response has left, or its connection has closed. */
  #handleClose(): void {
    this.#connection.remove(this);
    if (!this.isReceived) this.#source?.drain(() => this.#connection.destroy());
  }
}

function singleValue(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function noTrailers(): Promise<undefined> {
  return Promise.resolve(undefined);
}
