/**
 * What an exchange needs of a request and of its response. Node's HTTP/1.1 messages are such by themselves, so that they are
 * used without anything between; a stream of HTTP/2 gets an adapter for each.
 */
import type { IncomingHttpHeaders } from 'node:http';

/** A request whose head has arrived. */
export interface RequestMessage {
  readonly method?: string | undefined;
  readonly httpVersion: string;
  readonly headers: IncomingHttpHeaders;
  /** Name, value, name, value … */
  readonly rawHeaders: readonly string[];
  /** The same for trailers, once the body has ended. */
  readonly rawTrailers: readonly string[];
  /** Whether all of it has arrived and was read. */
  readonly complete: boolean;
  /** Whether a body follows, where the framing says it; where fields say it, undefined. */
  readonly hasOpenBody?: boolean;
  isPaused(): boolean;
  pause(): unknown;
  resume(): unknown;
  on(event: 'data', listener: (chunk: Buffer) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** A response of which nothing has been sent. */
export interface ResponseMessage {
  readonly headersSent: boolean;
  readonly destroyed: boolean;
  /** Whether requests may follow on the connection; says nothing where each is framed for itself. */
  shouldKeepAlive: boolean;
  /** Whether the body can have trailers; known once the head is written. */
  readonly chunkedEncoding: boolean;
  /** The same, before that. */
  readonly useChunkedEncodingByDefault: boolean;
  writeContinue(): void;
  /**
   * @param fields Name, value, name, value …
   * @throws {Error} If a name or value has characters that HTTP forbids.
   */
  writeHead(status: number, fields: string[]): unknown;
  flushHeaders(): void;
  write(bytes: Uint8Array, onWritten: (error?: Error | null) => void): boolean;
  /** @throws {Error} If a name or value has characters that HTTP forbids. */
  addTrailers(fields: readonly [name: string, value: string][]): void;
  end(body?: Uint8Array): unknown;
  end(body: string, encoding: 'latin1'): unknown;
  /** `close`: all of it was handed to the system, or never will be. */
  on(event: 'close', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}
