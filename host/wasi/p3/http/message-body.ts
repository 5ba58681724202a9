/**
 * The body of a request or response of `wasi:http` 0.3: a stream of bytes, trailers that come after it, and word of
 * whether it arrived. It is either read by a guest or sent; whoever sends it holds it to the rules of 0.2's `BodyPipe`.
 */
import { endReasonOf } from '../../../component/ending.ts';
import { BodyPipe, type BodyRules } from '../../http/body-pipe.ts';
import { errorCodeOf, type ErrorCode } from '../../http/error-code.ts';
import { withoutForbidden } from '../../http/field-rules.ts';
import type { Result } from '../../http/once.ts';
import { NO_BODY } from '../../memory-bytes.ts';
import { HttpFailure, type ByteSource, type Field, type Guest } from '../../ports.ts';
import { Fields3 } from './fields.ts';

/** What comes after a body. */
export type TrailersResult = Result<Fields3 | undefined, ErrorCode>;

/** Whether a message arrived. */
export type SentResult = Result<undefined, ErrorCode>;

/** A message as it arrived at the host. */
interface Arrived {
  readonly body: ByteSource;
  readonly trailers: () => Promise<readonly Field[] | undefined>;
}

/** A body that is on its way out. */
export interface Departure {
  readonly pipe: BodyPipe;
  /** Resolves when all contents are read, or never will be. */
  readonly contentsRead: Promise<void>;
  /** Resolves when nothing is left to be read of it; rejects with the ending if reading ended the guest. */
  readonly done: Promise<void>;
}

/** A body. */
export class MessageBody {
  readonly #guest: Guest;
  readonly #contents: ByteSource;
  readonly #trailers: () => Promise<TrailersResult>;
  readonly #sent = Promise.withResolvers<SentResult>();
  /** Whether there are contents at all, be they empty. */
  readonly hasContents: boolean;
  #isTaken = false;

  private constructor(
    guest: Guest,
    contents: ByteSource | undefined,
    trailers: () => Promise<TrailersResult>,
  ) {
    this.#guest = guest;
    this.#contents = contents ?? NO_BODY;
    this.hasContents = contents !== undefined;
    this.#trailers = trailers;
  }

  /** The body of a message that a guest makes. */
  static ofGuest(
    guest: Guest,
    contents: ByteSource | undefined,
    trailers: Promise<TrailersResult>,
  ): MessageBody {
    return new MessageBody(guest, contents, () => trailers);
  }

  /** The body of a message that came from outside. */
  static arrived(guest: Guest, { body, trailers }: Arrived): MessageBody {
    return new MessageBody(guest, body, () => readTrailers(guest, trailers()));
  }

  /** Resolves with whether the message arrived, when that is known. */
  get sent(): Promise<SentResult> {
    return this.#sent.promise;
  }

  /**
   * Gives stream and trailers to whoever reads it.
   *
   * @param result What the reader makes of it: what the sender is told.
   */
  consume(result: Promise<SentResult>): [ByteSource, Promise<TrailersResult>] {
    this.#isTaken = true;
    this.#sent.resolve(result);
    return [this.#contents, this.#trailers()];
  }

  /** Sends it: what comes goes into a pipe, at the pace of whoever takes it from there. */
  depart(rules: BodyRules): Departure {
    this.#isTaken = true;
    const pipe = new BodyPipe(this.#guest, rules);
    // Most bodies settle; one that never does keeps nothing but this promise.
    void pipe.settled.then(() => this.#sent.resolve(sentResultOf(pipe)));
    const read = Promise.withResolvers<void>();
    const done = this.#pump(pipe, read.resolve);
    return { pipe, contentsRead: read.promise, done };
  }

  /** The message goes nowhere. Idempotent. */
  close(): void {
    if (this.#isTaken) return;
    this.#isTaken = true;
    this.#contents.close();
    this.#sent.resolve({ tag: 'err', val: { tag: 'connection-terminated' } });
  }

  async #pump(pipe: BodyPipe, onRead: () => void): Promise<void> {
    const contents = this.#contents;
    try {
      for (;;) {
        await pipe.ready();
        if (pipe.failure !== undefined) break;
        const taken = contents.take(pipe.capacity);
        if (taken === 'end') {
          onRead();
          return await this.#finish(pipe);
        }
        if (taken === undefined) await contents.ready();
        else pipe.write(taken);
      }
    } catch (error) {
      pipe.abandon();
      if (endReasonOf(error) !== undefined) throw error;
    } finally {
      onRead();
    }
    contents.close();
  }

  async #finish(pipe: BodyPipe): Promise<void> {
    const result = await this.#trailers();
    if (result.tag === 'err') pipe.abandon();
    else pipe.finish(result.val === undefined ? undefined : Fields3.take(result.val));
  }
}

/** Fields are made when they have come, for whoever reads them. */
async function readTrailers(
  guest: Guest,
  trailers: Promise<readonly Field[] | undefined>,
): Promise<TrailersResult> {
  try {
    const fields = await trailers;
    if (fields === undefined) return { tag: 'ok', val: undefined };
    return { tag: 'ok', val: new Fields3(guest, withoutForbidden(fields), true) };
  } catch (error) {
    if (endReasonOf(error) !== undefined) throw error;
    return { tag: 'err', val: errorCodeOf(error) };
  }
}

function sentResultOf(pipe: BodyPipe): SentResult {
  if (pipe.state === 'finished') return { tag: 'ok', val: undefined };
  const { failure } = pipe;
  const code: ErrorCode =
    failure instanceof HttpFailure ? failure.errorCode : { tag: 'connection-terminated' };
  return { tag: 'err', val: code };
}
