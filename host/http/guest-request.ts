/** A request as its function sees it. Its fields become bytes only if the function asks for them. */
import { NO_BODY } from '../wasi/memory-bytes.ts';
import type { ByteSource, Field, IncomingHttpRequest } from '../wasi/ports.ts';
import type { NodeSource } from './node-source.ts';
import type { RequestHead } from './request-head.ts';

/** One request on its way to a function. */
export class GuestRequest implements IncomingHttpRequest {
  readonly method: string;
  readonly pathWithQuery: string;
  readonly #head: RequestHead;
  readonly #prefix: string;
  readonly #source: NodeSource | undefined;
  #headers: readonly Field[] | undefined;

  /**
   * @param pathWithQuery The path without what led to the function.
   * @param prefix What was taken off the path, here and by proxies.
   * @param source The body, if there is one.
   */
  constructor(
    method: string,
    pathWithQuery: string,
    prefix: string,
    head: RequestHead,
    source: NodeSource | undefined,
  ) {
    this.method = method;
    this.pathWithQuery = pathWithQuery;
    this.#prefix = prefix;
    this.#head = head;
    this.#source = source;
  }

  get scheme(): 'http' | 'https' {
    return this.#head.scheme;
  }

  get authority(): string | undefined {
    return this.#head.authority;
  }

  get headers(): readonly Field[] {
    return (this.#headers ??= this.#head.fields(this.#prefix));
  }

  get body(): ByteSource {
    return this.#source ?? NO_BODY;
  }

  trailers(): Promise<readonly Field[] | undefined> {
    return this.#source?.trailers() ?? Promise.resolve(undefined);
  }
}
