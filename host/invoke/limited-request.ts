/** A request whose body may not be longer than the version's limit. */
import type { ByteSource, Field, IncomingHttpRequest } from '../wasi/ports.ts';
import { LimitedSource } from './limited-source.ts';

const latin1 = new TextDecoder('latin1');

/** A request with another body; its headers stay where they are until somebody asks for them. */
export class LimitedRequest implements IncomingHttpRequest {
  readonly body: ByteSource;
  readonly #inner: IncomingHttpRequest;

  /**
   * @param inner The request as it arrived.
   * @param limitBytes Most bytes of its body.
   * @param onExceeded Called once, at the first byte too many.
   */
  constructor(inner: IncomingHttpRequest, limitBytes: number, onExceeded: () => void) {
    this.#inner = inner;
    this.body = new LimitedSource(inner.body, limitBytes, onExceeded);
  }

  get method(): string {
    return this.#inner.method;
  }

  get scheme(): 'http' | 'https' {
    return this.#inner.scheme;
  }

  get authority(): string | undefined {
    return this.#inner.authority;
  }

  get pathWithQuery(): string {
    return this.#inner.pathWithQuery;
  }

  get headers(): readonly Field[] {
    return this.#inner.headers;
  }

  trailers(): Promise<readonly Field[] | undefined> {
    return this.#inner.trailers();
  }

  /** Length of the body as the client declares it. */
  get declaredBytes(): number | undefined {
    const length = this.headers.find(([name]) => name === 'content-length')?.[1];
    return length === undefined ? undefined : Number(latin1.decode(length));
  }
}
