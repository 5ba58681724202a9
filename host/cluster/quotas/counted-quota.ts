/**
 * Something of which all workers of a host together have a fixed number of units, and who holds them. The sum of what
 * is lent never exceeds the total. Whoever lacks units gets what is free; then the others are asked for what
 * they do not use, and whoever holds more than a fair share has to give up some of what it uses.
 *
 * Pure: told of events, it answers with messages.
 */
import type {
  AuthorityQuotaMessage,
  WorkerQuotaMessage,
} from '../../limits/quotas/quota-messages.ts';
import { fairLevel } from './fair-level.ts';

/** With fewer units for each worker than this, one more or less is much: what does not divide goes round. */
const EVEN_ENOUGH = 8;

/** Sends a message to a worker. */
export type TellWorker = (worker: string, message: AuthorityQuotaMessage) => void;

interface Holder {
  readonly worker: string;
  isConnected: boolean;
  held: number;
  /** What it would use now, at most the total. */
  need: number;
  /** Order of the last grant: who was served longest ago comes first. */
  servedAt: number;
  /** What it was asked for, less what it gave since. */
  idle: number;
  due: number;
  recallId: number;
  /** The recall was not answered yet. */
  isAsked: boolean;
  /** Others are to give it units. */
  isOwed: boolean;
  /** It knows that there is nothing more. */
  knowsShort: boolean;
}

/** One quota. */
export class CountedQuota {
  readonly #key: string;
  readonly #tell: TellWorker;
  /** Who is told that there is nothing more gives up what it lacks: places in a queue, which others do without. */
  readonly #isGivenUp: boolean;
  readonly #holders = new Map<string, Holder>();
  #total: number;
  /** Nothing is lent: not everybody has said what he holds. */
  #isFrozen = false;
  #sequence = 0;

  constructor(key: string, total: number, tell: TellWorker) {
    this.#key = key;
    this.#total = total;
    this.#tell = tell;
    this.#isGivenUp = key.startsWith('queue:');
  }

  get total(): number {
    return this.#total;
  }

  /** Units lent. */
  get held(): number {
    let sum = 0;
    for (const { held } of this.#holders.values()) sum += held;
    return sum;
  }

  /** Whether nobody holds or wants anything. */
  get isUnused(): boolean {
    return this.#holders.values().every(({ held, need }) => held === 0 && need === 0);
  }

  /** Sets another total; what is lent beyond it is called back. */
  setTotal(total: number): void {
    this.#total = total;
    this.#settle();
  }

  /** Lends nothing until `thaw`. */
  freeze(): void {
    this.#isFrozen = true;
  }

  /** Everybody has said what he holds. */
  thaw(): void {
    this.#isFrozen = false;
    this.#settle();
  }

  /** A worker has connected and says what it holds; what it had counts no more. */
  adopt(worker: string, units: number): void {
    if (units === 0 && !this.#holders.has(worker)) return;
    this.#holders.set(worker, createHolder(worker, units));
    this.#settle();
  }

  /** A worker gives back and says what it needs. It cannot give back more than it holds. */
  claim(worker: string, claim: WorkerQuotaMessage & { kind: 'claim' }): void {
    const holder = this.#holderOf(worker);
    const released = Math.min(claim.release, holder.held);
    holder.held -= released;
    holder.idle = Math.max(0, holder.idle - released);
    holder.due = Math.max(0, holder.due - released);
    holder.need = Math.min(claim.need, this.#total);
    if (claim.answers === holder.recallId) holder.isAsked = false;
    // It has asked anew: it is told anew.
    holder.knowsShort = false;
    this.#settle();
  }

  /** A worker is not connected; it keeps what it holds. */
  disconnect(worker: string): void {
    const holder = this.#holders.get(worker);
    if (holder === undefined) return;
    this.#holders.set(worker, { ...createHolder(worker, holder.held), isConnected: false });
    this.#settle();
  }

  /** A worker is gone: what it held is free. */
  leave(worker: string): void {
    if (this.#holders.delete(worker)) this.#settle();
  }

  #holderOf(worker: string): Holder {
    const known = this.#holders.get(worker);
    if (known !== undefined) return known;
    const holder = createHolder(worker, 0);
    this.#holders.set(worker, holder);
    return holder;
  }

  #settle(): void {
    if (!this.#isFrozen) this.#lend();
    let lacking = 0;
    for (const holder of this.#holders.values()) lacking += lackOf(holder);
    const excess = Math.max(0, this.held - this.#total);
    const dues = lacking > 0 || excess > 0 ? this.#dues(excess) : NO_DUES;
    for (const holder of this.#holders.values()) {
      const due = dues.get(holder) ?? 0;
      const othersLack = lacking - lackOf(holder) + excess;
      this.#recall(holder, othersLack === 0 ? 0 : Math.max(due, nextPowerOfTwo(othersLack)), due);
    }
    if (lacking > 0) this.#tellShort();
  }

  /** Lends what is free, to whoever has least first. */
  #lend(): void {
    let free = this.#total - this.held;
    if (free <= 0) return;
    const lacking = [...this.#holders.values()].filter((holder) => lackOf(holder) > 0);
    if (lacking.length === 0) return;
    const granted = new Map<Holder, number>();
    while (free > 0) {
      let next: Holder | undefined;
      for (const holder of lacking) {
        if (holder.need > holder.held && (next === undefined || comesBefore(holder, next)))
          next = holder;
      }
      if (next === undefined) break;
      next.held += 1;
      next.servedAt = this.#sequence += 1;
      free -= 1;
      granted.set(next, (granted.get(next) ?? 0) + 1);
    }
    for (const [{ worker }, units] of granted) {
      this.#tell(worker, { kind: 'grant', key: this.#key, units });
    }
  }

  /**
   * What holders must give up: as much as others lack to their fair share, from those beyond it. Where
   * shares are small, whoever has the lower part of a fraction is owed one more, so that units go round.
   *
   * @param excess Units lent beyond the total.
   */
  #dues(excess: number): ReadonlyMap<Holder, number> {
    const holders = [...this.#holders.values()];
    const away = holders.reduce((sum, { isConnected, held }) => sum + (isConnected ? 0 : held), 0);
    const level = fairLevel(
      holders.map(({ need }) => need),
      Math.max(0, this.#total - away),
    );
    const fair = Math.floor(level);
    // Whoever waits in a queue is not sent away so that somebody else can wait there for a turn.
    const entitled = this.#isGivenUp || fair >= EVEN_ENOUGH ? fair : fair + 1;
    let owed = excess;
    for (const holder of holders) {
      const { isConnected, held, need } = holder;
      const missing = isConnected ? Math.min(need, entitled) - held : 0;
      holder.isOwed = missing > 0;
      owed += Math.max(0, missing);
    }
    const donors = holders
      .filter(({ isConnected, held }) => isConnected && held > fair)
      .toSorted((a, b) => b.held - a.held || a.servedAt - b.servedAt);
    const dues = new Map<Holder, number>();
    // The highest first, one unit at a time, so that all come down to one height.
    for (let isMoving = true; owed > 0 && isMoving;) {
      isMoving = false;
      let highest = fair;
      for (const donor of donors) highest = Math.max(highest, donor.held - (dues.get(donor) ?? 0));
      for (const donor of donors) {
        const due = dues.get(donor) ?? 0;
        if (owed === 0 || highest <= fair || donor.held - due < highest) continue;
        dues.set(donor, due + 1);
        owed -= 1;
        isMoving = true;
      }
    }
    return dues;
  }

  /** Asks a holder for units, unless it knows already or has not answered the last time. */
  #recall(holder: Holder, idle: number, due: number): void {
    if (!holder.isConnected) return;
    const isOver = idle === 0 && due === 0;
    if (isOver && holder.idle === 0 && holder.due === 0) return;
    if (!isOver) {
      if (holder.isAsked || holder.held === 0) return;
      if (idle <= holder.idle && due === holder.due) return;
    }
    holder.recallId += 1;
    holder.isAsked = !isOver;
    holder.idle = idle;
    holder.due = due;
    const id = holder.recallId;
    this.#tell(holder.worker, { kind: 'recall', key: this.#key, id, idle, due });
  }

  /** Everybody has answered: who still lacks something has to wait for it. */
  #tellShort(): void {
    if (this.#isFrozen) return;
    for (const { isConnected, isAsked, held } of this.#holders.values()) {
      if (isConnected && isAsked && held > 0) return;
    }
    for (const holder of this.#holders.values()) {
      if (lackOf(holder) === 0 || holder.knowsShort) continue;
      // A place in the queue that is owed comes at once; a place that is in use does not.
      if (this.#isGivenUp && holder.isOwed) continue;
      holder.knowsShort = true;
      if (this.#isGivenUp) holder.need = holder.held;
      this.#tell(holder.worker, { kind: 'short', key: this.#key });
    }
  }
}

const NO_DUES: ReadonlyMap<Holder, number> = new Map();

function createHolder(worker: string, held: number): Holder {
  return {
    worker,
    isConnected: true,
    held,
    need: 0,
    servedAt: 0,
    idle: 0,
    due: 0,
    recallId: 0,
    isAsked: false,
    isOwed: false,
    knowsShort: false,
  };
}

function lackOf({ isConnected, need, held }: Holder): number {
  return isConnected ? Math.max(0, need - held) : 0;
}

function comesBefore(a: Holder, b: Holder): boolean {
  return a.held === b.held ? a.servedAt < b.servedAt : a.held < b.held;
}

function nextPowerOfTwo(value: number): number {
  return 2 ** Math.ceil(Math.log2(value));
}
