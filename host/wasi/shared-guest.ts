/**
 * The guest of one invocation where an instance serves several at once. What ends an invocation from outside must not
 * end the others: a time-out or a client that leaves only asks the guest to give this one up.
 */
import type { Clock } from '../base/clock.ts';
import type { TaskControl } from '../component/abi/async/task.ts';
import { createEnding, type EndReason } from '../component/ending.ts';
import { GuestState, type GuestMeters, type GuestParts } from './guest-state.ts';
import type { ByteSink } from './ports.ts';

/** The guests of one instance. */
export class GuestCrew {
  /** Whose code runs, or ran last. */
  current: SharedGuest | undefined;
  /** Have ended and left something of the host in the hands of the instance. */
  #indebted: SharedGuest[] = [];

  /** An invocation has ended. */
  leave(guest: SharedGuest): void {
    if (guest.ownResourceBytes > 0 || guest.ownHttpBytes > 0) this.#indebted.push(guest);
  }

  /** What those have left who have ended: it counts for those who come, so that an instance hoards no more than it may. */
  debts(): { readonly resourceBytes: number; readonly httpBytes: number } {
    const debts = { resourceBytes: 0, httpBytes: 0 };
    if (this.#indebted.length === 0) return debts;
    this.#indebted = this.#indebted.filter(
      (guest) => guest.ownResourceBytes > 0 || guest.ownHttpBytes > 0,
    );
    for (const guest of this.#indebted) {
      debts.resourceBytes += guest.ownResourceBytes;
      debts.httpBytes += guest.ownHttpBytes;
    }
    return debts;
  }
}

/** Acts for one invocation of several. */
export class SharedGuest extends GuestState {
  /** Its call; undefined until it is made. */
  control: TaskControl | undefined;
  readonly #crew: GuestCrew;
  readonly #inherited: ReturnType<GuestCrew['debts']>;
  #over: EndReason | undefined;

  constructor(clock: Clock, parts: GuestParts, meters: GuestMeters, crew: GuestCrew) {
    super(clock, parts, meters);
    this.#crew = crew;
    this.#inherited = crew.debts();
    this.resourceBytes = this.#inherited.resourceBytes;
    this.httpBytes = this.#inherited.httpBytes;
  }

  /** Output of whoever runs: a stream that one invocation has opened serves those that come later. */
  override get stdout(): ByteSink {
    return (this.#crew.current ?? this).#stdout;
  }
  override get stderr(): ByteSink {
    return (this.#crew.current ?? this).#stderr;
  }

  override get endReason(): EndReason | undefined {
    return this.#over ?? super.endReason;
  }

  /** Bytes of the host that are its own, without those that it took over. */
  get ownResourceBytes(): number {
    return this.resourceBytes - this.#inherited.resourceBytes;
  }
  get ownHttpBytes(): number {
    return this.httpBytes - this.#inherited.httpBytes;
  }

  /**
   * Ends the invocation, not the instance. Once the guest has given a response, a client that leaves is told of by the
   * response's body, as to any server.
   */
  override endNow(reason: EndReason): void {
    if (this.control === undefined) return super.endNow(reason);
    if (reason.kind === 'cancelled' && this.control.hasReturned) return undefined;
    this.#over ??= reason;
    this.server?.handleEnded(createEnding(this.#over));
    return undefined;
  }

  /** What the guest does ends the instance; that its client sends too much ends its invocation alone. */
  override end(reason: EndReason): never {
    if (reason.kind !== 'request_body' || this.control === undefined) return super.end(reason);
    this.endNow(reason);
    throw new Error('body is larger than its limit');
  }

  get #stdout(): ByteSink {
    return super.stdout;
  }

  get #stderr(): ByteSink {
    return super.stderr;
  }
}
