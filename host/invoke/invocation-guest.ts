/**
 * What one invocation gives its guest. Most guests write no log and ask for no argument, so the streams of the
 * log are made when they are first asked for.
 */
import type { GuestGrants, GuestParts } from '../wasi/guest-state.ts';
import type { ByteSink, ByteSource, LogLevel, OutgoingHttp, Preopen } from '../wasi/ports.ts';
import { GuestOutput, type InvocationLog } from './guest-output.ts';
import type { GuestStreams } from './service.ts';
import type { VersionRuntimeParts } from './version-runtime.ts';

/** The guest's side of an invocation. */
export class InvocationGuest implements GuestParts {
  readonly startedMs: number;
  readonly #streams: GuestStreams;
  readonly #shared: VersionRuntimeParts;
  readonly #log: InvocationLog;
  #stdout: GuestOutput | undefined;
  #stderr: GuestOutput | undefined;

  /**
   * @param streams What the kind of function decides.
   * @param shared What it has in common with other invocations of its version.
   * @param log Where its output goes.
   * @param startedMs When it began, on the monotonic clock.
   */
  constructor(
    streams: GuestStreams,
    shared: VersionRuntimeParts,
    log: InvocationLog,
    startedMs: number,
  ) {
    this.startedMs = startedMs;
    this.#streams = streams;
    this.#shared = shared;
    this.#log = log;
  }

  get arguments(): readonly string[] {
    return this.#streams.arguments;
  }

  get environment(): readonly (readonly [name: string, value: string])[] {
    return this.#streams.environment;
  }

  get stdin(): ByteSource {
    return this.#streams.stdin;
  }

  get stdout(): ByteSink {
    return this.#streams.stdout ?? (this.#stdout ??= new GuestOutput(this.#log, 'stdout'));
  }

  get stderr(): ByteSink {
    return (this.#stderr ??= new GuestOutput(this.#log, 'stderr'));
  }

  get preopens(): readonly Preopen[] {
    return this.#shared.preopens;
  }

  get outgoingHttp(): OutgoingHttp {
    return this.#shared.outgoingHttp;
  }

  get grants(): GuestGrants | undefined {
    return this.#shared.grants;
  }

  log(level: LogLevel, context: string, message: string): void {
    this.#log.message(level, context, message);
  }

  /** The invocation has ended: what stands without a line end is a line. */
  end(): void {
    this.#stdout?.end();
    this.#stderr?.end();
  }
}
