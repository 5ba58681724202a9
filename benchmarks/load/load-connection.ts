/** One keep-alive connection to 127.0.0.1 that sends the next request when the last one was answered. */
import { connect, type Socket } from 'node:net';
import { ResponseReader } from './response-reader.ts';

/** Told of what comes. */
export interface ConnectionListener {
  /** A response is complete. Times are those of `performance.now()`. */
  answered(status: number, times: ExchangeTimes): void;
  /** The connection is of no use any more. Called once at most, and not after `close`. */
  failed(error: Error): void;
}

/** When things happened, ms. The object is used again for the next exchange. */
export interface ExchangeTimes {
  sentMs: number;
  firstByteMs: number;
  endMs: number;
}

const BUFFER_BYTES = 64 * 1024;

/** A connection. */
export class LoadConnection {
  readonly #socket: Socket;
  readonly #reader = new ResponseReader();
  readonly #listener: ConnectionListener;
  readonly #times: ExchangeTimes = { sentMs: 0, firstByteMs: 0, endMs: 0 };
  #waiting = false;
  #closed = false;

  /** @param port Port on 127.0.0.1; load goes nowhere else. */
  constructor(port: number, listener: ConnectionListener) {
    this.#listener = listener;
    // One buffer for all reads: what is received is looked at and not kept.
    const buffer = Buffer.allocUnsafe(BUFFER_BYTES);
    const callback = (length: number): boolean => this.#receive(buffer.subarray(0, length));
    this.#socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer, callback },
    });
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('the server closed the connection')));
  }

  /** Sends a request; the last one was answered. */
  send(request: Uint8Array): void {
    this.#waiting = true;
    this.#times.firstByteMs = 0;
    this.#times.sentMs = performance.now();
    this.#socket.write(request);
  }

  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  #receive(bytes: Buffer): boolean {
    const nowMs = performance.now();
    const times = this.#times;
    if (times.firstByteMs === 0) times.firstByteMs = nowMs;
    try {
      if (!this.#waiting) throw new Error('Cannot read a response: nothing was asked');
      if (!this.#reader.push(bytes)) return true;
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
      return false;
    }
    this.#waiting = false;
    times.endMs = nowMs;
    this.#listener.answered(this.#reader.status, times);
    return true;
  }

  #fail(error: Error): void {
    if (this.#closed) return;
    this.close();
    this.#listener.failed(error);
  }
}
