/**
 * Cuts the bytes that a guest writes into lines of text, in any chunks they arrive.
 *
 * It works on bytes: a line feed never lies inside a UTF-8 sequence, and each line is decoded on its
 * own, so that a kept line does not keep the whole chunk alive. Invalid UTF-8 becomes U+FFFD.
 */

/** Longest line that is kept as one; what is longer goes on in a next line. */
const MAX_LINE_BYTES = 8192;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Turns chunks of bytes into lines without their line ends. */
export class LineSplitter {
  readonly #onLine: (text: string) => void;
  readonly #maxLineBytes: number;
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  /** The line begun so far; most guests write whole lines and need none of it. */
  #begun: Uint8Array | undefined;
  #begunBytes = 0;

  /**
   * @param onLine Told of every line, in order.
   * @param maxLineBytes Bytes after which a line is cut, 4 or more.
   */
  constructor(onLine: (text: string) => void, maxLineBytes: number = MAX_LINE_BYTES) {
    this.#onLine = onLine;
    this.#maxLineBytes = maxLineBytes;
  }

  /** Takes some bytes; they may be changed afterwards. */
  write(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const found = bytes.indexOf(LINE_FEED, at);
      const end = found === -1 ? bytes.length : found;
      if (found !== -1 && this.#begunBytes === 0 && end - at <= this.#maxLineBytes) {
        this.#give(bytes.subarray(at, end), CARRIAGE_RETURN);
      } else {
        this.#begin(bytes.subarray(at, end));
        if (found !== -1) this.#emit(this.#begunBytes, CARRIAGE_RETURN);
      }
      at = end + 1;
    }
  }

  /** The guest has ended: what it began is a line too. */
  end(): void {
    if (this.#begunBytes > 0) this.#emit(this.#begunBytes, CARRIAGE_RETURN);
  }

  #begin(bytes: Uint8Array): void {
    const begun = (this.#begun ??= new Uint8Array(this.#maxLineBytes));
    for (let at = 0; at < bytes.length;) {
      if (this.#begunBytes === begun.length) this.#emit(findCut(begun), undefined);
      const piece = bytes.subarray(at, at + begun.length - this.#begunBytes);
      begun.set(piece, this.#begunBytes);
      this.#begunBytes += piece.length;
      at += piece.length;
    }
  }

  /** Gives the first `length` bytes of what was begun as a line and keeps the rest. */
  #emit(length: number, lineEnd: number | undefined): void {
    const begun = this.#begun ?? new Uint8Array(0);
    this.#give(begun.subarray(0, length), lineEnd);
    begun.copyWithin(0, length, this.#begunBytes);
    this.#begunBytes -= length;
  }

  #give(line: Uint8Array, lineEnd: number | undefined): void {
    const text = lineEnd !== undefined && line.at(-1) === lineEnd ? line.subarray(0, -1) : line;
    this.#onLine(this.#decoder.decode(text));
  }
}

/** Where to cut a line that is too long: not inside a UTF-8 sequence, unless it is none. */
function findCut(line: Uint8Array): number {
  for (let back = 1; back <= 3; back += 1) {
    const byte = line.at(-back) ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? line.length - back : line.length;
  }
  return line.length;
}
