/**
 * A stream of HTTP/2 as a request. Pseudo-fields become what they are in HTTP/1.1: `:authority` is `Host`, and crumbs of cookies
 * are one field again (RFC 9113, 8.2.3 and 8.3.1). Connection-specific fields never arrive: nghttp2 resets such streams.
 */
import { METHODS, type IncomingHttpHeaders } from 'node:http';
import type { IncomingHttpHeaders as Http2Headers, ServerHttp2Stream } from 'node:http2';
import { HostError } from '../base/errors.ts';
import type { RequestMessage } from './message.ts';

/** What a field counts beyond its characters (RFC 9113, 6.5.2). */
const FIELD_BYTES = 32;

const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS);

/** One request of a session. */
export class Http2Request implements RequestMessage {
  readonly httpVersion = '2.0';
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: string[] = [];
  readonly hasOpenBody: boolean;
  rawTrailers: readonly string[] = [];
  readonly #stream: ServerHttp2Stream;
  #method = '';
  #path = '';
  #authority: string | undefined;
  #bytes = 0;

  /**
   * @param headers The head as an object.
   * @param raw The head as it came: name, value, name, value …
   */
  constructor(stream: ServerHttp2Stream, headers: Http2Headers, raw: readonly string[]) {
    this.#stream = stream;
    this.headers = headers;
    this.hasOpenBody = !stream.endAfterHeaders;
    this.#readFields(raw);
    if (this.hasOpenBody) {
      stream.on('trailers', (_trailers, _flags, rawTrailers) => {
        this.rawTrailers = rawTrailers;
      });
    }
  }

  get method(): string {
    return this.#method;
  }

  /** Path and query as sent, or `*`. */
  get target(): string {
    return this.#path;
  }

  get complete(): boolean {
    return !this.hasOpenBody || this.#stream.readableEnded;
  }

  /**
   * Tells what no HTTP/1.1 parser would have let through.
   *
   * @param headerBytes Most bytes of the head.
   */
  findFault(headerBytes: number): HostError | undefined {
    if (this.#bytes > headerBytes) return new HostError('header_too_large', { limit: headerBytes });
    if (this.#method === 'CONNECT') {
      return new HostError('connect_refused', { target: (this.#authority ?? '').slice(0, 200) });
    }
    if (!KNOWN_METHODS.has(this.#method)) return malformed('its method is none of HTTP');
    if (!this.#path.startsWith('/') && this.#path !== '*') return malformed('it has no path');
    const host = this.headers.host;
    if (this.#authority !== undefined && host !== undefined && host !== this.#authority) {
      return malformed('its Host field is not its :authority');
    }
    return undefined;
  }

  isPaused(): boolean {
    return this.#stream.isPaused();
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  on(event: 'data', listener: (chunk: Buffer) => void): void;
  on(event: 'end', listener: () => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  on(event: string, listener: ((chunk: Buffer) => void) | ((error: Error) => void)): void {
    this.#stream.on(event, listener);
  }

  #readFields(raw: readonly string[]): void {
    const cookies: string[] = [];
    for (let index = 0; index < raw.length; index += 2) {
      const name = raw[index] ?? '';
      const value = raw[index + 1] ?? '';
      this.#bytes += name.length + value.length + FIELD_BYTES;
      if (name.startsWith(':')) this.#notePseudo(name, value);
      else if (name === 'cookie') cookies.push(value);
      else if (name !== 'host' || this.#authority === undefined) this.rawHeaders.push(name, value);
    }
    if (cookies.length > 0) this.rawHeaders.push('cookie', cookies.join('; '));
  }

  /** They come before all others: nghttp2 resets streams where they do not. */
  #notePseudo(name: string, value: string): void {
    if (name === ':method') this.#method = value;
    else if (name === ':path') this.#path = value;
    else if (name === ':authority') {
      this.#authority = value;
      this.rawHeaders.push('host', value);
    }
  }
}

function malformed(reason: string): HostError {
  return new HostError('malformed_request', { reason });
}
