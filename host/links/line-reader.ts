/** Bytes as they arrive → whole lines of UTF-8. Part of `rpc-link.ts`. */

const NEWLINE = 0x0a;

/** Puts lines together. A line that comes in many pieces is joined once, at its end. */
export class LineReader {
  readonly #maxBytes: number;
  #pieces: Buffer[] = [];
  #bytes = 0;

  /** @param maxBytes Longest line. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes bytes.
   *
   * @returns The lines that ended in them, without their ends.
   * @throws {RangeError} If a line grows too long.
   */
  push(chunk: Buffer): readonly string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#add(chunk.subarray(start, end));
      lines.push(Buffer.concat(this.#pieces, this.#bytes).toString('utf8'));
      this.#pieces = [];
      this.#bytes = 0;
      start = end + 1;
    }
    this.#add(chunk.subarray(start));
    return lines;
  }

  #add(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#bytes += piece.length;
    if (this.#bytes > this.#maxBytes)
      throw new RangeError(`a line of over ${this.#maxBytes} bytes`);
    this.#pieces.push(piece);
  }
}
