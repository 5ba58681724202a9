/**
 * A stream of HTTP/2 as a response. The head waits for what comes after it: a response without a body is one frame, and only one
 * that is streamed is kept open for trailers.
 */
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { constants, type ServerHttp2Stream } from 'node:http2';
import type { ResponseMessage } from './message.ts';

/** The response to one request of a session. */
export class Http2Response implements ResponseMessage {
  /** Says nothing here: a session ends by a frame of its own. */
  shouldKeepAlive = true;
  readonly useChunkedEncodingByDefault = true;
  readonly #stream: ServerHttp2Stream;
  readonly #isHead: boolean;
  /** Written, and not sent yet. */
  #head: string[] | undefined;
  #headersSent = false;
  #mayHaveBody = true;
  #trailers: Record<string, string | string[]> | undefined;
  #isEnded = false;
  #onClose: (() => void) | undefined;

  /**
   * @param stream Nothing was sent on it.
   * @param isHead Whether the method is HEAD.
   */
  constructor(stream: ServerHttp2Stream, isHead: boolean) {
    this.#stream = stream;
    this.#isHead = isHead;
    stream.on('finish', () => {
      if (this.#isEnded) this.#close();
    });
    stream.on('close', () => this.#close());
    stream.on('wantTrailers', () => this.#sendTrailers());
  }

  get headersSent(): boolean {
    return this.#headersSent;
  }

  get destroyed(): boolean {
    return this.#stream.destroyed;
  }

  get chunkedEncoding(): boolean {
    return this.#headersSent && this.#mayHaveBody;
  }

  writeContinue(): void {
    if (this.#isOpen())
      this.#stream.additionalHeaders({ ':status': constants.HTTP_STATUS_CONTINUE });
  }

  writeHead(status: number, fields: string[]): void {
    for (let index = 0; index < fields.length; index += 2) {
      // Node itself looks at names only, and its own list has a NUL between name and value.
      checkField(fields[index] ?? '', fields[index + 1] ?? '');
    }
    this.#mayHaveBody = !this.#isHead && status !== 204 && status !== 205 && status !== 304;
    this.#head = [':status', String(status), ...(status === 205 ? lengthless(fields) : fields)];
    this.#headersSent = true;
  }

  flushHeaders(): void {
    this.#respond(false);
  }

  write(bytes: Uint8Array, onWritten: (error?: Error | null) => void): boolean {
    this.#respond(false);
    if (this.#mayHaveBody) return this.#stream.write(bytes, onWritten);
    process.nextTick(onWritten);
    return true;
  }

  addTrailers(fields: readonly [name: string, value: string][]): void {
    const trailers: Record<string, string | string[]> = Object.create(null);
    for (const [anyCaseName, value] of fields) {
      const name = anyCaseName.toLowerCase();
      checkField(name, value);
      const before = trailers[name];
      trailers[name] = before === undefined ? value : [before, value].flat();
    }
    this.#trailers = trailers;
  }

  end(body?: Uint8Array | string): void {
    const hasBody = this.#mayHaveBody && body !== undefined;
    this.#respond(true, hasBody);
    this.#isEnded = true;
    if (!hasBody) this.#stream.end();
    else if (typeof body === 'string') this.#stream.end(body, 'latin1');
    else this.#stream.end(body);
    // Node ends the stream of a HEAD before it was answered.
    if (this.#stream.writableFinished) process.nextTick(() => this.#close());
  }

  on(event: 'close', listener: () => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  on(event: 'close' | 'error', listener: (error: Error) => void): void {
    if (event === 'error') this.#stream.on('error', listener);
    else this.#onClose = listener as () => void;
  }

  /** Sends the head unless that has happened. */
  #respond(isLast: boolean, hasBody = true): void {
    if (this.#head === undefined || !this.#isOpen()) return;
    const head = this.#head;
    this.#head = undefined;
    const waitForTrailers = this.#mayHaveBody && (!isLast || this.#trailers !== undefined);
    this.#stream.respond(head, {
      endStream: isLast && !hasBody && !waitForTrailers,
      waitForTrailers,
    });
  }

  #sendTrailers(): void {
    if (this.#isOpen()) this.#stream.sendTrailers(this.#trailers ?? {});
  }

  #isOpen(): boolean {
    return !this.#stream.destroyed && !this.#stream.closed;
  }

  #close(): void {
    this.#onClose?.();
    this.#onClose = undefined;
  }
}

function checkField(name: string, value: string): void {
  validateHeaderName(name);
  validateHeaderValue(name, value);
}

/** A 205 has no body in HTTP/2, so it may not announce one. */
function lengthless(fields: readonly string[]): string[] {
  return fields.filter((_, index) => fields[index - (index % 2)] !== 'content-length');
}
