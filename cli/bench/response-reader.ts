/**
 * Bytes of a keep-alive connection → where each HTTP/1.1 response ends, and its status. As little work
 * as possible: the loader shares the machine with what it loads.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112
 */

const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');
const NOTHING = Buffer.alloc(0);
const MAX_HEAD_BYTES = 64 * 1024;
/** Enough for the code of an error; the rest of a body is only counted. */
const MAX_ERROR_BYTES = 4096;

type Part = 'head' | 'body' | 'chunk-size' | 'chunk' | 'trailers' | 'end';

/** Reads responses to requests other than HEAD, one after the other. */
export class ResponseReader {
  /** Status of the response that was read last. */
  status = 0;
  /** Beginning of its body if the status is 400 or more; else empty. */
  errorText = '';
  /** Whether the server closes the connection after it. */
  isLast = false;
  #part: Part = 'head';
  /** Bytes left of the body, or of the chunk and its line end. */
  #left = 0;
  /** Start of a head or line whose end has not come yet. */
  #carry = NOTHING;
  #lastHead = '';
  #partAfterLastHead: Part = 'head';
  #lastLength = 0;

  /**
   * Takes bytes as they come. The buffer may be used again afterwards.
   *
   * @returns Whether the response is complete.
   * @throws {Error} If it is no response, has no length, or something follows it.
   */
  push(bytes: Buffer): boolean {
    const input = this.#carry.length === 0 ? bytes : Buffer.concat([this.#carry, bytes]);
    this.#carry = NOTHING;
    let offset = 0;
    while (this.#part !== 'end') {
      const next = offset === input.length ? undefined : this.#step(input, offset);
      if (next === undefined) {
        this.#carry = Buffer.from(input.subarray(offset));
        if (this.#carry.length > MAX_HEAD_BYTES) throw malformed('its head does not end');
        return false;
      }
      offset = next;
    }
    this.#part = 'head';
    if (offset !== input.length) throw malformed('bytes follow its end');
    return true;
  }

  /** Reads one part. @returns The offset after it, or undefined if its end has not come. */
  #step(input: Buffer, offset: number): number | undefined {
    switch (this.#part) {
      case 'head':
        return this.#readHead(input, offset);
      case 'body':
      case 'chunk': {
        const taken = Math.min(this.#left, input.length - offset);
        this.#left -= taken;
        if (this.status >= 400) this.#keepError(input, offset, offset + taken);
        if (this.#left === 0) this.#part = this.#part === 'body' ? 'end' : 'chunk-size';
        return offset + taken;
      }
      case 'chunk-size':
        return this.#readChunkSize(input, offset);
      case 'trailers': {
        const end = input.indexOf(LINE_END, offset);
        if (end === offset) this.#part = 'end';
        return end === -1 ? undefined : end + LINE_END.length;
      }
      case 'end':
        return offset;
    }
  }

  #readHead(input: Buffer, offset: number): number | undefined {
    const end = input.indexOf(HEAD_END, offset);
    if (end === -1) return undefined;
    const head = input.toString('latin1', offset, end);
    // Most servers send the same head again and again, within a second.
    if (head !== this.#lastHead) this.#parseHead(head);
    this.errorText = '';
    this.#part = this.#partAfterLastHead;
    this.#left = this.#lastLength;
    return end + HEAD_END.length;
  }

  #parseHead(head: string): void {
    const status = Number(/^HTTP\/1\.1 (\d{3})\b/.exec(head)?.[1]);
    if (!(status >= 100)) throw malformed('it does not begin with HTTP/1.1 and a status');
    const length = Number(/^content-length: *(\d+)$/im.exec(head)?.[1] ?? Number.NaN);
    this.status = status;
    this.isLast = /^connection: *close$/im.test(head);
    this.#lastHead = head;
    this.#lastLength = 0;
    if (status < 200) this.#partAfterLastHead = 'head';
    else if (status === 204 || status === 304 || length === 0) this.#partAfterLastHead = 'end';
    else if (/^transfer-encoding: *chunked$/im.test(head)) this.#partAfterLastHead = 'chunk-size';
    else if (Number.isNaN(length)) throw malformed('it has no length');
    else {
      this.#partAfterLastHead = 'body';
      this.#lastLength = length;
    }
  }

  #keepError(input: Buffer, start: number, end: number): void {
    const room = MAX_ERROR_BYTES - this.errorText.length;
    if (room > 0) this.errorText += input.toString('latin1', start, Math.min(end, start + room));
  }

  #readChunkSize(input: Buffer, offset: number): number | undefined {
    const end = input.indexOf(LINE_END, offset);
    if (end === -1) return undefined;
    const size = Number.parseInt(input.toString('latin1', offset, end), 16);
    if (!(size >= 0)) throw malformed('a chunk has no size');
    this.#part = size === 0 ? 'trailers' : 'chunk';
    this.#left = size + LINE_END.length;
    return end + LINE_END.length;
  }
}

function malformed(reason: string): Error {
  return new Error(`Cannot read a response: ${reason}`);
}
