/**
 * What WASI interfaces need from the outside, as small ports: bytes in, bytes out, an HTTP exchange,
 * an outgoing client, a tree of files, key-value stores, and the guest a call is made for.
 *
 * Whoever serves an invocation implements them (sockets for HTTP requests, buffers in tests); nothing
 * in `wasi/` knows servers, pools or drivers. All of it is single-threaded: between `capacity` and
 * `write`, or `peek` and `take`, nothing else runs.
 */
import type { EndReason } from '../component/ending.ts';
import type { KeyValueBucket } from '../key-value/key-value-store.ts';

/** Bytes that come in, at the reader's pace. */
export interface ByteSource {
  /**
   * Takes what is there, at most `maxBytes` (1 to 2^31), without waiting.
   *
   * @returns Bytes (never an empty array), `undefined` if nothing is there yet, or `'end'`.
   * @throws {Error} If the source failed; the error's message is shown to the guest.
   */
  take(maxBytes: number): Uint8Array | undefined | 'end';
  /** Resolves when `take` would not return `undefined`. Never rejects. */
  ready(): Promise<void>;
  /** The reader wants no more. Idempotent. */
  close(): void;
}

/** Bytes that go out, at the taker's pace. */
export interface ByteSink {
  /** How many bytes `write` accepts now; 0 means: wait for `ready`. */
  readonly capacity: number;
  /** Bytes accepted and not yet handed over to the taker's side (the socket, the log). */
  readonly pending: number;
  /** The error that ended this sink, if any: later writes are pointless. `'closed'` if the taker simply left. */
  readonly failure: Error | 'closed' | undefined;
  /** Accepts `bytes` (at most `capacity`; the sink owns the array from now on). */
  write(bytes: Uint8Array): void;
  /** The same with bytes as Latin-1 text, for sinks that make text of short pieces anyway; absent: only `write`. */
  writeText?(text: string): void;
  /** Resolves when `capacity > 0` or the sink failed. Never rejects. */
  ready(): Promise<void>;
  /** Resolves when all that was written is handed over, or the sink failed. Never rejects. */
  flushed(): Promise<void>;
}

/** Name and value of one header field; values are bytes, as the specification has them, and Latin-1 text as well where that is known already. */
export type Field = readonly [name: string, value: Uint8Array, text?: string];

/** An HTTP request as it arrived: what `wasi:http` `incoming-request` shows. */
export interface IncomingHttpRequest {
  readonly method: string;
  readonly scheme: 'http' | 'https';
  readonly authority: string | undefined;
  /** Origin-form target: `/path?query`. */
  readonly pathWithQuery: string;
  readonly headers: readonly Field[];
  readonly body: ByteSource;
  /** Trailers, once the body has ended; undefined if there were none. */
  readonly trailers: () => Promise<readonly Field[] | undefined>;
}

/** Where a response goes. Calls come in the order `begin`, `end` or `abort`; each at most once. */
export interface HttpResponder {
  /**
   * Sends status and headers.
   *
   * @returns Where the body goes.
   */
  begin(status: number, headers: readonly Field[]): ByteSink;
  /** The body is complete. */
  end(trailers: readonly Field[] | undefined): void;
  /** The body will never be complete: the connection is ended so that the client can tell. */
  abort(reason: string): void;
}

/** A request that a guest wants to send. */
export interface OutgoingHttpRequest {
  readonly method: string;
  readonly scheme: 'http' | 'https';
  readonly authority: string;
  readonly pathWithQuery: string;
  readonly headers: readonly Field[];
  readonly connectTimeoutMs: number | undefined;
  readonly firstByteTimeoutMs: number | undefined;
  readonly betweenBytesTimeoutMs: number | undefined;
}

/** A response to a guest's request. */
export interface OutgoingHttpResponse {
  readonly status: number;
  readonly headers: readonly Field[];
  readonly body: ByteSource;
  readonly trailers: () => Promise<readonly Field[] | undefined>;
}

/** One exchange under way. */
export interface OutgoingHttpExchange {
  /** Where the request's body goes. */
  readonly body: ByteSink;
  /** The request's body is complete. */
  finish(trailers: readonly Field[] | undefined): void;
  /** Nobody wants this exchange any more. Idempotent. */
  abort(): void;
  /** The response; rejects with a `HttpFailure`. */
  readonly response: Promise<OutgoingHttpResponse>;
}

/** Sends guests' requests. The grant is checked by whoever implements it. */
export interface OutgoingHttp {
  /** Starts sending. @throws {HttpFailure} If the request cannot even be tried (denied host, bad URI). */
  send(request: OutgoingHttpRequest): OutgoingHttpExchange;
}

/** Why an outgoing request failed: a case of `wasi:http/types.error-code`. */
export class HttpFailure extends Error {
  override readonly name = 'HttpFailure';
  /** Case of the WIT variant `error-code`: `DNS-error`, `connection-refused`, `HTTP-request-denied` … with its payload. */
  readonly errorCode: { readonly tag: string; readonly val?: unknown };

  constructor(errorCode: { readonly tag: string; readonly val?: unknown }, cause?: unknown) {
    super(`outgoing request failed: ${errorCode.tag}`, { cause });
    this.errorCode = errorCode;
  }
}

/** One file or directory of an uploaded snapshot: guests read it, nobody writes it. */
export type SnapshotNode =
  | {
      readonly kind: 'directory';
      readonly entries: ReadonlyMap<string, SnapshotNode>;
      readonly modifiedMs: number;
    }
  | {
      readonly kind: 'file';
      readonly size: number;
      readonly modifiedMs: number;
      /** Reads `length` bytes at `offset`; fewer at the end. Blocks only for local storage that was opened before. */
      readonly read: (offset: number, length: number) => Promise<Uint8Array>;
    };

/** A directory a version was granted. */
export interface Preopen {
  /** Absolute path the guest sees: `/data`. */
  readonly guestPath: string;
  readonly root: SnapshotNode & { readonly kind: 'directory' };
}

/** The key-value stores that a version was granted. */
export interface GuestStores {
  /** Opens a store by the name it was granted under; undefined if there is no such grant. Costs nothing. */
  open(label: string): KeyValueBucket | undefined;
}

/** How much a line of the log matters: the enum `level` of `wasi:logging/logging`. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'critical';

/** One thing that is limited: what was used of it, and how much there is (`Infinity`: no limit). */
export interface Allowance {
  readonly used: number;
  readonly limit: number;
}

/** What an invocation may use and has used. */
export interface GuestUsage {
  readonly cpuMs: Allowance;
  readonly memoryBytes: Allowance;
  readonly wallMs: Allowance;
}

/** The invocation that an interface works for. Everything a guest can reach comes from here. */
export interface Guest {
  readonly arguments: readonly string[];
  readonly environment: readonly (readonly [name: string, value: string])[];
  readonly stdin: ByteSource;
  readonly stdout: ByteSink;
  readonly stderr: ByteSink;
  readonly preopens: readonly Preopen[];
  readonly outgoingHttp: OutgoingHttp;
  readonly stores: GuestStores;
  /** What the version was configured with, by name; secrets are among it. */
  readonly config: ReadonlyMap<string, string>;
  /** Writes a message to the function's log; its bounds are the log's. */
  log(level: LogLevel, context: string, message: string): void;
  /** Wall clock, ms since 1970. */
  wallMs(): number;
  /** Monotonic clock, ns. */
  monotonicNs(): bigint;
  /** Runs `task` after `delayMs`; returns the cancel function. Cancelled by itself when the invocation ends. */
  after(delayMs: number, task: () => void): () => void;
  /**
   * Ends the instance at once, in the only way a guest cannot catch.
   *
   * @throws {WebAssembly.RuntimeError} Always.
   */
  end(reason: EndReason): never;
  /**
   * Makes a promise safe to hand to a suspended guest: it settles exactly once, and if the invocation
   * ends first (time-out, client gone), it rejects with the ending. Every promise an interface returns
   * must have passed through here.
   */
  suspend<T>(wait: Promise<T>): Promise<T>;
  /** Closes `resource` when the invocation ends; the returned function takes it out again. */
  own(resource: { close(): void }): () => void;
  /** Where the invocation stands with its limits at this moment. */
  usage(): GuestUsage;
  /** Bytes of the host that its streams, pollables and other resources take; `host-bytes.ts` counts them. */
  resourceBytes: number;
  /** Bytes of the host in its header fields, and in bodies that nobody takes; `http/host-budget.ts` counts them. */
  httpBytes: number;
}
