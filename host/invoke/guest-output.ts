/**
 * stdout or stderr of an invocation as log lines, up to what one invocation may log. What is more is
 * swallowed: a guest that logs too much is still a guest that works.
 */
import type { Clock } from '../base/clock.ts';
import type { RequestId } from '../base/ids.ts';
import type { GuestLine, LineSink } from '../logs/guest-line.ts';
import { LineSplitter } from '../logs/line-splitter.ts';
import type { Observer } from '../metrics/observer.ts';
import type { Version } from '../registry/model.ts';
import type { ByteSink, LogLevel } from '../wasi/ports.ts';

/** Bytes a guest may write at once. */
const CAPACITY = 64 * 1024;
/** Characters kept of the context of a message. */
const MAX_CONTEXT = 200;
const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** What logs of invocations work with. */
export interface InvocationLogParts {
  readonly guestLog: LineSink;
  readonly clock: Clock;
  readonly observer: Observer;
}

/** The log of one invocation: both streams and the host's remarks share one budget. */
export class InvocationLog {
  readonly #parts: InvocationLogParts;
  readonly #version: Version;
  readonly #requestId: RequestId;
  #leftBytes: number;

  constructor(parts: InvocationLogParts, version: Version, requestId: RequestId) {
    this.#parts = parts;
    this.#version = version;
    this.#requestId = requestId;
    this.#leftBytes = version.settings.limits.logBytes;
  }

  /** Adds a remark of the host; always kept. */
  remark(text: string): void {
    for (const line of text.split('\n')) this.line('host', line);
  }

  /**
   * Adds a message of the guest, each of its lines with level and context. It takes from the budget as output does,
   * context and all: a short message of many lines under a long context is not short.
   */
  message(level: LogLevel, context: string, message: string): void {
    if (this.#leftBytes <= 0) return;
    const head = context === '' ? level : `${level} ${context.slice(0, MAX_CONTEXT)}`;
    // What certainly does not fit is not even looked at.
    for (const line of message.slice(0, this.#leftBytes + 1).split('\n')) {
      this.#allowLine(`${head}: ${line}`);
    }
  }

  line(stream: GuestLine['stream'], text: string): void {
    this.#parts.guestLog.append({
      atMs: this.#parts.clock.wallMs(),
      function: this.#version.function,
      version: this.#version.number,
      requestId: this.#requestId,
      stream,
      text,
    });
  }

  #allowLine(text: string): void {
    const bytes = ENCODER.encode(text.replaceAll('\n', ' '));
    const allowed = this.allow(bytes);
    if (allowed.byteLength > 0) this.line('log', DECODER.decode(allowed));
  }

  /** Takes from the budget what fits of `bytes`. */
  allow(bytes: Uint8Array): Uint8Array {
    if (this.#leftBytes <= 0) return bytes.subarray(0, 0);
    const allowed = bytes.subarray(0, this.#leftBytes);
    this.#leftBytes -= bytes.byteLength;
    if (this.#leftBytes < 0) {
      this.#parts.observer.limitExceeded(this.#version.function, 'log');
      this.remark(
        `log limit of ${this.#version.settings.limits.logBytes} bytes reached: the rest is dropped`,
      );
    }
    return allowed;
  }
}

/** The sink that is a guest's stdout or stderr. Costs nothing until something is written. */
export class GuestOutput implements ByteSink {
  readonly capacity = CAPACITY;
  readonly pending = 0;
  readonly failure = undefined;
  readonly #log: InvocationLog;
  readonly #stream: 'stdout' | 'stderr';
  #splitter: LineSplitter | undefined;

  constructor(log: InvocationLog, stream: 'stdout' | 'stderr') {
    this.#log = log;
    this.#stream = stream;
  }

  write(bytes: Uint8Array): void {
    const allowed = this.#log.allow(bytes);
    if (allowed.byteLength === 0) return;
    this.#splitter ??= new LineSplitter((text) => this.#log.line(this.#stream, text));
    this.#splitter.write(allowed);
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  flushed(): Promise<void> {
    return Promise.resolve();
  }

  /** The invocation has ended: what stands without a line end is a line. */
  end(): void {
    this.#splitter?.end();
  }
}
