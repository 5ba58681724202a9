/**
 * The instances of a version of which each serves several invocations at once (`isolation: reuse`, WASI 0.3).
 *
 * An invocation takes a seat of an instance that runs already, then of one that is idle, and only then has one made; who
 * comes while that is under way waits for a seat of it.
 *
 * An invocation may be over while its task is not (time-out, client gone). Its guest has a moment to end it, in which it
 * keeps the seat; then nothing of it runs any more: the instance takes no others, and is closed with its last invocation,
 * or at once if it is stuck in that very task. A guest that cancels well is asked to end it. Whether it does is tried
 * out where nobody else is in the instance: those that Rust's wit-bindgen 0.63 makes with `async-spawn` alone trap.
 */
import type { Clock } from '../base/clock.ts';
import type { TaskControl } from '../component/abi/async/task.ts';
import { HostError } from '../base/errors.ts';
import type {
  EvictionReason,
  Observer,
  StartKind,
  StartPhases,
  StartWay,
} from '../metrics/observer.ts';
import type { Version } from '../registry/model.ts';
import type { GuestParts, GuestState } from '../wasi/guest-state.ts';
import type { InstanceMaker } from './instance-maker.ts';
import type { InstancePool } from './instance-pool.ts';
import type { InstanceSeats, Occupant } from './instance-seats.ts';
import type { LiveInstance } from './live-instance.ts';
import type { PoolKeeper } from './pool-keeper.ts';
import type { PoolSize } from './pool-size.ts';
import { SharedLease } from './shared-lease.ts';

/** How long a guest has to give up an invocation that is over, ms. */
const GRACE_MS = 100;

/** What they work with. */
export interface SharedInstancesParts {
  readonly version: Version;
  readonly clock: Clock;
  readonly observer: Observer;
  readonly pool: InstancePool;
  readonly maker: InstanceMaker;
  readonly keeper: PoolKeeper;
  readonly size: PoolSize;
  /** What a guest has whose invocation is over; never used by one. */
  readonly atRest: GuestParts;
}

/** An instance that is being made. */
interface Coming {
  /** Seats that nobody waits for. */
  free: number;
  /** Resolves when it is there, or could not be made. */
  readonly settled: Promise<void>;
}

/** Instances with seats. */
export class SharedInstances {
  readonly #parts: SharedInstancesParts;
  readonly #seatsEach: number;
  /** Those that run and have a free seat, as far as is known; the last one is filled first. */
  readonly #open: LiveInstance[] = [];
  #coming: Coming | undefined;
  /** Whether guests end a task that they are asked to end; undefined until it was tried. */
  #cancelsWell: boolean | undefined;
  #making = 0;
  #closed = false;

  constructor(parts: SharedInstancesParts) {
    this.#parts = parts;
    this.#seatsEach = parts.version.settings.instances.concurrentReuseCount;
  }

  /** Instances that are being made for requests. */
  get making(): number {
    return this.#making;
  }

  /** Takes a seat; costs about 2 µs if there is one. See `VersionInstances.acquire`. */
  take(
    guestParts: GuestParts,
    onGuest: ((guest: GuestState) => void) | undefined,
    startedMs: number,
  ): SharedLease | Promise<SharedLease> {
    const live = this.#find(startedMs);
    if (live !== undefined) return this.#lend(live, guestParts, startedMs);
    return this.#wait(guestParts, onGuest, startedMs);
  }

  /** Instances take no more invocations, and are closed with their last. */
  close(): void {
    this.#closed = true;
  }

  async #wait(
    guestParts: GuestParts,
    onGuest: ((guest: GuestState) => void) | undefined,
    startedMs: number,
  ): Promise<SharedLease> {
    for (;;) {
      const coming = this.#coming;
      if (coming === undefined || coming.free === 0) {
        return await this.#make(guestParts, onGuest, startedMs);
      }
      coming.free -= 1;
      await coming.settled;
      const live = this.#find(startedMs);
      if (live !== undefined) return this.#lend(live, guestParts, startedMs);
    }
  }

  async #make(
    guestParts: GuestParts,
    onGuest: ((guest: GuestState) => void) | undefined,
    startedMs: number,
  ): Promise<SharedLease> {
    const { pool, maker, keeper, version } = this.#parts;
    if (keeper.isMaking && pool.total + this.#making + 1 >= version.settings.instances.max) {
      const live = await keeper.untilMade();
      if (live !== undefined) return this.#lend(live, guestParts, startedMs);
    }
    const settled = Promise.withResolvers<void>();
    const coming = { free: this.#seatsEach - 1, settled: settled.promise };
    this.#coming = coming;
    this.#making += 1;
    try {
      const { live, isCold, phases } = await maker.make(guestParts, onGuest);
      pool.run(live);
      keeper.madeForRequest();
      const way = isCold ? 'cold' : 'fresh';
      const start = isCold ? 'cold' : 'warm';
      return this.#seat(live, seatsOf(live).first, startedMs, start, way, phases);
    } catch (error) {
      keeper.failedForRequest(error);
      throw error;
    } finally {
      this.#making -= 1;
      if (this.#coming === coming) this.#coming = undefined;
      settled.resolve();
      keeper.letGoIfUnused();
    }
  }

  /** An instance with a free seat: one that runs, else one that is ready. */
  #find(nowMs: number): LiveInstance | undefined {
    for (let live = this.#open.at(-1); live !== undefined; live = this.#open.at(-1)) {
      const seats = seatsOf(live);
      seats.retiring ??= this.#reasonToRetire(live, seats, nowMs);
      if (seats.retiring === undefined && seats.taken < this.#seatsEach) return live;
      this.#open.pop();
      seats.isListed = false;
    }
    return this.#parts.pool.takeReady();
  }

  #lend(live: LiveInstance, guestParts: GuestParts, startedMs: number): SharedLease {
    const { maker, clock } = this.#parts;
    const occupant = maker.createOccupant(live, seatsOf(live), guestParts);
    const phases = { total: (clock.monotonicMs() - startedMs) / 1000 };
    const isFirst = live.served === 0;
    const way = isFirst ? 'prewarmed' : 'hot';
    return this.#seat(live, occupant, startedMs, isFirst ? 'warm' : 'hot', way, phases);
  }

  #seat(
    live: LiveInstance,
    occupant: Occupant,
    startedMs: number,
    start: StartKind,
    way: StartWay,
    phases: StartPhases,
  ): SharedLease {
    const seats = seatsOf(live);
    // Code of one invocation at a time is suspended in it, so there is one stack for all.
    if (seats.taken === 0 && !live.memory.beginCall()) {
      const { lacking } = live.memory;
      this.#parts.pool.discard(live, 'pressure');
      throw new HostError('host_overloaded', { what: lacking });
    }
    seats.taken += 1;
    live.served += 1;
    this.#list(live, seats);
    this.#parts.observer.instanceStart(this.#parts.version.function, way);
    const onRelease = (lease: SharedLease): void => this.#release(lease);
    return new SharedLease({ live, seats, occupant, start, phases, startedMs, onRelease });
  }

  /** The invocation is over; the guest may not know yet. */
  #release(lease: SharedLease): void {
    const { clock, size } = this.#parts;
    size.held((clock.monotonicMs() - lease.parts.startedMs) / this.#seatsEach);
    const { control, answer } = lease;
    if (control === undefined || answer === undefined || control.isOver) return this.#end(lease);
    const isAsked = !control.hasReturned && this.#mayAsk(lease);
    control.cancel(isAsked);
    if (control.isOver) return this.#end(lease);
    const cancelTimer = clock.after(GRACE_MS, () => {
      if (isAsked && !control.isOver) this.#cancelsWell = false;
      this.#giveUp(lease, control);
    });
    const onOver = (): void => {
      cancelTimer();
      if (isAsked && !lease.isOver) this.#cancelsWell = !control.isLost;
      this.#end(lease);
    };
    answer.then(onOver, onOver);
    return undefined;
  }

  /** Who is alone loses nobody else's invocation. */
  #mayAsk({ parts }: SharedLease): boolean {
    return this.#cancelsWell ?? parts.seats.taken === 1;
  }

  /** The guest had time enough. */
  #giveUp(lease: SharedLease, control: TaskControl): void {
    if (control.isOver) return;
    lease.parts.seats.retiring ??= 'failed';
    control.park();
    // Nothing else of the instance can run; all its invocations are told, this one too.
    if (control.isInTheWay) control.abort();
    else this.#end(lease);
  }

  #end(lease: SharedLease): void {
    if (lease.isOver) return;
    lease.isOver = true;
    const { live, seats } = lease.parts;
    seats.leave(lease, this.#parts.atRest);
    seats.taken -= 1;
    if (seats.taken === 0) live.memory.endCall();
    this.#settle(live, seats);
  }

  /** A seat is free: the instance takes others, rests, or is closed. */
  #settle(live: LiveInstance, seats: InstanceSeats): void {
    const { pool, keeper, clock } = this.#parts;
    const nowMs = clock.monotonicMs();
    seats.retiring ??= this.#reasonToRetire(live, seats, nowMs);
    if (seats.taken > 0) return this.#list(live, seats);
    this.#unlist(live, seats);
    if (seats.retiring === undefined) {
      pool.rest(live, nowMs);
      if (!keeper.isMaking) return undefined;
    } else {
      pool.discard(live, seats.retiring);
    }
    if (this.#closed) keeper.letGoIfUnused();
    else keeper.work();
    return undefined;
  }

  #list(live: LiveInstance, seats: InstanceSeats): void {
    if (seats.isListed || seats.retiring !== undefined || seats.taken >= this.#seatsEach) return;
    seats.isListed = true;
    this.#open.push(live);
  }

  #unlist(live: LiveInstance, seats: InstanceSeats): void {
    if (!seats.isListed) return;
    seats.isListed = false;
    this.#open.splice(this.#open.indexOf(live), 1);
  }

  #reasonToRetire(
    live: LiveInstance,
    seats: InstanceSeats,
    nowMs: number,
  ): EvictionReason | undefined {
    if (this.#closed) return 'closing';
    if (seats.isLost) return 'failed';
    const { reuseCount, maxAgeMs } = this.#parts.version.settings.instances;
    if (nowMs - live.madeMs >= maxAgeMs) return 'age';
    if (live.served >= reuseCount) return 'count';
    return live.isHalfFull ? 'grown' : undefined;
  }
}

function seatsOf({ seats }: LiveInstance): InstanceSeats {
  if (seats === undefined) throw new Error('an instance that is not shared was made for sharing');
  return seats;
}
