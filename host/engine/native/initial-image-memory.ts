/**
 * The initial contents of one linear memory: the spans that are not zero, found once, and how a memory is
 * put back to them.
 *
 * A memory of 17 pages holds some kilobytes of data. Putting it back means to zero what lies between the
 * spans and to copy the spans; nothing is written twice.
 */

/** Memory is compared with zeros in pieces of this size first, bytes. */
const CHUNK_BYTES = 4096;

/** Spans begin and end at multiples of this, bytes: 10 MiB of data are gone through in some milliseconds then. */
const GRAIN_BYTES = 64;

/** Zeros between two spans up to this many bytes are copied with them: that is cheaper than two more calls. */
const MERGED_GAP_BYTES = 1024;

const ZEROS = Buffer.alloc(CHUNK_BYTES);

/** Bytes that are not all zero, and where they lie. */
interface Span {
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array;
}

/** What one memory holds before the first call. */
export class MemoryImage {
  /** Size of the memory. */
  readonly byteLength: number;
  /** In the order of their addresses, apart from each other. */
  readonly #spans: readonly Span[];

  /** @param bytes The whole memory, which has whole pages; what is not zero is copied. */
  constructor(bytes: Uint8Array) {
    this.byteLength = bytes.byteLength;
    this.#spans = findSpans(bytes);
  }

  /** Bytes of the host's memory that the image takes. */
  get dataBytes(): number {
    return this.#spans.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  }

  /**
   * Puts a memory back.
   *
   * @param bytes The whole memory, as long as the image.
   * @param from Lowest address that may differ from the image; a span around it is copied as a whole.
   * @param sparing Whether pages that hold zeros already are left alone: writing to one that nobody wrote to makes
   *   it resident. Takes several times as long.
   */
  restore(bytes: Uint8Array, from: number, sparing = false): void {
    const zero = sparing ? zeroSparingly : zeroAtOnce;
    let at = from;
    for (const span of this.#spans) {
      if (span.end <= from) continue;
      if (span.start > at) zero(bytes, at, span.start);
      bytes.set(span.bytes, span.start);
      at = span.end;
    }
    if (at < this.byteLength) zero(bytes, at, this.byteLength);
  }
}

function zeroAtOnce(bytes: Uint8Array, start: number, end: number): void {
  bytes.fill(0, start, end);
}

/** Zeroes what is not zero, page by page, as the system gives memory: one that nobody wrote to is not made resident. */
export function zeroSparingly(bytes: Uint8Array, start: number, end: number): void {
  for (let at = start; at < end;) {
    const pageEnd = Math.min(end, at - (at % CHUNK_BYTES) + CHUNK_BYTES);
    const isZero = ZEROS.compare(bytes, at, pageEnd, 0, pageEnd - at) === 0;
    if (!isZero) bytes.fill(0, at, pageEnd);
    at = pageEnd;
  }
}

function findSpans(bytes: Uint8Array): readonly Span[] {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
  const spans: Span[] = [];
  let start = -1;
  let end = -1;
  const finish = (): void => {
    if (start >= 0) spans.push({ start, end, bytes: bytes.slice(start, end) });
  };
  for (let chunk = 0; chunk < bytes.length; chunk += CHUNK_BYTES) {
    if (Buffer.compare(bytes.subarray(chunk, chunk + CHUNK_BYTES), ZEROS) === 0) continue;
    for (let at = chunk; at < chunk + CHUNK_BYTES; at += GRAIN_BYTES) {
      if (isZero(words, at >> 2)) continue;
      if (start < 0 || at - end > MERGED_GAP_BYTES) {
        finish();
        start = at;
      }
      end = at + GRAIN_BYTES;
    }
  }
  finish();
  return spans;
}

/** Whether a grain holds zeros only. @param first Its first word. */
function isZero(words: Int32Array, first: number): boolean {
  let bits = 0;
  for (let index = first; index < first + GRAIN_BYTES / 4; index += 1) bits |= words[index] ?? 0;
  return bits === 0;
}
