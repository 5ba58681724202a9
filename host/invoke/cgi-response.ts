/**
 * A CGI program's stdout as an HTTP response (RFC 3875, section 6): header lines, an empty line, the
 * body as it comes.
 *
 * The exit code is known only at the end, and a failed program must not look like a good answer. So
 * nothing is sent until the output ends or exceeds `HOLD_BYTES`; from then on it streams.
 */
import type { ByteSink, Field, HttpResponder } from '../wasi/ports.ts';

/** Output held back until it is known how the program ends, bytes. */
export const HOLD_BYTES = 64 * 1024;

/** Most bytes of header lines. */
const MAX_HEADER_BYTES = 32 * 1024;

/** Why stdout cannot be a response. */
export type CgiFailure = 'bad_header' | 'header_too_large' | 'response_too_large';

const encoder = new TextEncoder();
const latin1 = new TextDecoder('latin1');

/** Fields that describe the connection, which is the host's. */
const CONNECTION_FIELDS = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'trailer',
  'te',
]);

/** The sink that is a command's stdout. */
export class CgiResponse implements ByteSink {
  readonly #responder: HttpResponder;
  readonly #limitBytes: number;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #bodyBytes = 0;
  #body: ByteSink | undefined;
  #problem: CgiFailure | undefined;

  /**
   * @param responder Where the response goes.
   * @param limitBytes Most bytes of the body.
   */
  constructor(responder: HttpResponder, limitBytes: number) {
    this.#responder = responder;
    this.#limitBytes = limitBytes;
  }

  /** Whether the head was sent: from then on only an abort can tell of a failure. */
  get begun(): boolean {
    return this.#body !== undefined;
  }

  /** What was wrong with the output, if anything was. */
  get problem(): CgiFailure | undefined {
    return this.#problem;
  }

  get capacity(): number {
    return this.#body === undefined ? HOLD_BYTES : this.#body.capacity;
  }

  get pending(): number {
    return this.#body?.pending ?? 0;
  }

  get failure(): Error | 'closed' | undefined {
    if (this.#problem !== undefined) return new Error(`response refused: ${this.#problem}`);
    return this.#body?.failure;
  }

  write(bytes: Uint8Array): void {
    if (this.#problem !== undefined) return;
    if (this.#body !== undefined) return this.#writeBody(this.#body, bytes);
    this.#held.push(bytes);
    this.#heldBytes += bytes.byteLength;
    if (this.#heldBytes >= HOLD_BYTES) this.#begin();
  }

  ready(): Promise<void> {
    return this.#body?.ready() ?? Promise.resolve();
  }

  flushed(): Promise<void> {
    return this.#body?.flushed() ?? Promise.resolve();
  }

  /** The program ended well: sends what is held, and ends the response. */
  end(): void {
    if (this.#body === undefined) this.#begin();
    if (this.#problem === undefined) this.#responder.end(undefined);
  }

  #begin(): void {
    const output = concat(this.#held, this.#heldBytes);
    this.#held = [];
    const head = parseHead(output);
    if (typeof head === 'string') {
      this.#problem = head;
      return;
    }
    this.#body = this.#responder.begin(head.status, head.fields);
    if (head.bodyAt < output.byteLength) this.#writeBody(this.#body, output.subarray(head.bodyAt));
  }

  #writeBody(body: ByteSink, bytes: Uint8Array): void {
    this.#bodyBytes += bytes.byteLength;
    if (this.#bodyBytes > this.#limitBytes) this.#problem = 'response_too_large';
    else body.write(bytes);
  }
}

interface Head {
  readonly status: number;
  readonly fields: readonly Field[];
  readonly bodyAt: number;
}

function parseHead(output: Uint8Array): Head | CgiFailure {
  const end = findHeadEnd(output);
  if (end === undefined)
    return output.byteLength > MAX_HEADER_BYTES ? 'header_too_large' : 'bad_header';
  if (end.headBytes > MAX_HEADER_BYTES) return 'header_too_large';
  let status: number | undefined;
  let location = false;
  const fields: Field[] = [];
  for (const line of latin1.decode(output.subarray(0, end.headBytes)).split(/\r?\n/)) {
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line);
    if (match === null) return 'bad_header';
    const [, name = '', value = ''] = match;
    const lower = name.toLowerCase();
    if (lower === 'status') {
      status = Number(/^([1-9]\d\d)(?: |$)/.exec(value)?.[1] ?? Number.NaN);
      if (Number.isNaN(status) || status < 200) return 'bad_header';
    } else if (!CONNECTION_FIELDS.has(lower)) {
      location ||= lower === 'location';
      fields.push([lower, encodeLatin1(value)]);
    }
  }
  // RFC 3875, 6.2.3 and 6.2.4: a Location alone is a redirect.
  return { status: status ?? (location ? 302 : 200), fields, bodyAt: end.bodyAt };
}

/** The first empty line: where the head ends and where the body starts. */
function findHeadEnd(output: Uint8Array): { headBytes: number; bodyAt: number } | undefined {
  const NEWLINE = 10;
  const RETURN = 13;
  let lineStart = 0;
  for (let at = output.indexOf(NEWLINE); at >= 0; at = output.indexOf(NEWLINE, at + 1)) {
    const contentEnd = at > lineStart && output[at - 1] === RETURN ? at - 1 : at;
    if (contentEnd === lineStart && lineStart > 0) {
      const headEnd = output[lineStart - 2] === RETURN ? lineStart - 2 : lineStart - 1;
      return { headBytes: headEnd, bodyAt: at + 1 };
    }
    if (contentEnd === lineStart) return undefined;
    lineStart = at + 1;
  }
  return undefined;
}

function encodeLatin1(text: string): Uint8Array {
  return /^[\x20-\x7e\t]*$/.test(text) ? encoder.encode(text) : Buffer.from(text, 'latin1');
}

function concat(pieces: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}
