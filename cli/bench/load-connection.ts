/** One keep-alive connection to a server that sends the next request when the last one was answered. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { ResponseReader } from './response-reader.ts';

/** Where load goes. */
export interface LoadTarget {
  /** Address or name. */
  readonly host: string;
  readonly port: number;
  /** Absent: no TLS. */
  readonly tls?: {
    /** Whether a certificate that nobody vouches for ends the connection. */
    readonly isVerified: boolean;
  };
}

/** Told of what comes. */
export interface ConnectionListener {
  /** The first request may be sent; sent before, it waits. */
  connected?(): void;
  /** A response is complete. Times are those of `performance.now()`. */
  answered(answer: Answer, times: ExchangeTimes): void;
  /**
   * The connection is of no use any more. Called once at most, and not after `close`.
   *
   * @param wasWaiting Whether a request is without its answer: a server may close a connection that is idle.
   */
  failed(error: Error, wasWaiting: boolean): void;
}

/** What was answered. */
export interface Answer {
  readonly status: number;
  /** The first bytes of the body, if the status is 400 or more; else empty. */
  readonly errorText: string;
  /** Whether the server will close the connection. */
  readonly isLast: boolean;
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

  constructor(target: LoadTarget, listener: ConnectionListener) {
    this.#listener = listener;
    this.#socket = this.#connect(target);
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

  #connect({ host, port, tls }: LoadTarget): Socket {
    const onConnected = (): void => this.#listener.connected?.();
    if (tls === undefined) {
      // One buffer for all reads: what is received is looked at and not kept.
      const buffer = Buffer.allocUnsafe(BUFFER_BYTES);
      const callback = (length: number): boolean => this.#receive(buffer.subarray(0, length));
      return connect({ host, port, noDelay: true, onread: { buffer, callback } }, onConnected);
    }
    const socket = connectTls(
      {
        host,
        port,
        ALPNProtocols: ['http/1.1'],
        rejectUnauthorized: tls.isVerified,
        // An address is no name that a server could be asked for.
        ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
      },
      onConnected,
    );
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => void this.#receive(bytes));
    return socket;
  }

  #receive(bytes: Buffer): boolean {
    if (this.#closed) return false;
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
    this.#listener.answered(this.#reader, times);
    return true;
  }

  #fail(error: Error): void {
    if (this.#closed) return;
    this.close();
    this.#listener.failed(error, this.#waiting);
  }
}
