/**
 * A worker's side of what all workers of a host share: makes the gates, rates and the memory of this worker, and carries
 * their messages to the authority and back. While there is no authority each goes on with what it has.
 */
import type { Clock } from '../../base/clock.ts';
import type { Closeable } from '../../base/closeable.ts';
import type { RateLimits } from '../rate-budget.ts';
import { LeasedCount, type CountOwner } from './leased-count.ts';
import { countKeyOf, MEMORY_KEY } from './quota-keys.ts';
import type { AuthorityQuotaMessage, WorkerQuotaMessage } from './quota-messages.ts';
import { SharedGate, type Convenience } from './shared-gate.ts';
import { chunksOf, SharedMemory } from './shared-memory.ts';
import { SharedRate } from './shared-rate.ts';

/** How often it is looked for units that nobody uses, ms. */
const LOOK_MS = 1000;
/** How long what is not urgent may wait, ms. */
const SOON_MS = 100;
/** How long a request waits for the authority's word, ms: that has other work, too, and its machine may be busy. */
const ANSWER_MS = 1000;
/** The same when there is a new authority, which first hears what all workers hold, ms. */
const ADOPTION_MS = 2000;
/** Without an authority for so long, whoever holds nothing of something uses one unit of it, ms. */
const OVERDRAW_MS = 5000;

/** What a client works with. */
export interface QuotaClientParts {
  readonly clock: Clock;
  /** Runs a task at the end of the event loop's turn: what a turn has to say is one message. */
  readonly soon: (task: () => void) => void;
}

/** How messages leave. */
export type SendQuotas = (messages: readonly WorkerQuotaMessage[]) => void;

/** The quotas of one worker. */
export class QuotaClient implements Closeable {
  readonly #parts: QuotaClientParts;
  readonly #counts = new Map<string, LeasedCount>();
  readonly #rates = new Map<string, SharedRate>();
  readonly #marked = new Set<LeasedCount | SharedRate>();
  #send: SendQuotas | undefined;
  #connectedMs = -Infinity;
  #peers = 1;
  #portion: number | null = 0;
  #portions = 1;
  readonly #followers = new Set<() => void>();
  #isFlushComing = false;
  #isFlushSoon = false;
  #cancelLook: (() => void) | undefined;
  #cancelOverdraw: (() => void) | undefined;
  #mayOverdraw = false;
  #isClosed = false;
  readonly #mark = (marked: LeasedCount | SharedRate): void => {
    this.#marked.add(marked);
    if (this.#isFlushComing) return;
    this.#isFlushComing = true;
    this.#parts.soon(this.#flush);
  };
  readonly #markSoon = (rate: SharedRate): void => {
    this.#marked.add(rate);
    if (this.#isFlushSoon) return;
    this.#isFlushSoon = true;
    this.#parts.clock.after(SOON_MS, () => {
      this.#isFlushSoon = false;
      this.#flush();
    });
  };
  readonly #aloneShare = (): number | undefined =>
    this.#send === undefined ? 1 / this.#peers : undefined;

  constructor(parts: QuotaClientParts) {
    this.#parts = parts;
    this.#armLook();
  }

  /**
   * There is an authority: tells it what this worker holds, and what it lacks.
   *
   * @param send Delivers messages in order, or not at all; from the moment it fails until `connect` is called again,
   *   `disconnect` holds.
   */
  connect(send: SendQuotas): void {
    this.disconnect();
    this.#cancelOverdraw?.();
    this.#mayOverdraw = false;
    this.#send = send;
    this.#connectedMs = this.#parts.clock.monotonicMs();
    const held = [...this.#counts.values()]
      .filter((count) => count.held > 0)
      .map(({ key, held: units }) => [key, units] as [string, number]);
    const cpu = [...this.#rates.values()]
      .map((rate) => [rate.key, rate.cells()] as const)
      .filter(([, cells]) => cells.length > 0)
      .map(
        ([key, cells]) =>
          [key, cells.map(([age, ms]) => [age, ms])] as [string, [number, number][]],
      );
    send([{ kind: 'join', held, cpu }]);
    for (const count of this.#counts.values()) count.rejoin();
    for (const rate of this.#rates.values()) rate.rejoin();
  }

  /** The authority is gone. */
  disconnect(): void {
    if (this.#send === undefined) return;
    this.#send = undefined;
    for (const count of this.#counts.values()) count.leftAlone();
    for (const rate of this.#rates.values()) rate.leftAlone();
    this.#cancelOverdraw = this.#parts.clock.after(OVERDRAW_MS, () => {
      this.#mayOverdraw = true;
      for (const count of this.#counts.values()) this.#overdraw(count);
    });
  }

  /** Takes messages of the authority. */
  receive(messages: readonly AuthorityQuotaMessage[]): void {
    for (const message of messages) this.#handle(message);
  }

  /** This worker's part of something of which all workers together should have so many: the parts add up to it. */
  portionOf(total: number): number {
    if (this.#portion === null) return 0;
    return Math.floor(total / this.#portions) + (this.#portion < total % this.#portions ? 1 : 0);
  }

  /** Calls `listener` whenever portions may have changed. Returns the way to stop. */
  followPortions(listener: () => void): () => void {
    this.#followers.add(listener);
    return () => void this.#followers.delete(listener);
  }

  /** Places of a version, and places in its queue. */
  openGate(versionKey: string, limits: { concurrency: number; queue: number }): SharedGate {
    const { concurrency, queue } = limits;
    return this.#openGate(
      (gate) =>
        this.#openCount(countKeyOf('places', versionKey), concurrency, {
          get lacking() {
            return gate.lacking;
          },
          onGranted: () => gate.admit(),
          onShort: () => gate.settle(),
        }),
      (gate) =>
        this.#openCount(countKeyOf('queue', versionKey), queue, {
          get lacking() {
            return gate.uncovered;
          },
          onGranted: () => gate.settle(),
          onShort: () => gate.settle(),
          giveUp: (units) => gate.refuseNewest(units),
        }),
    );
  }

  /**
   * Places of live instances of a version.
   *
   * @param convenience Those that nobody uses.
   */
  openInstances(versionKey: string, max: number, convenience: Convenience): SharedGate {
    return this.#openGate(
      (gate) =>
        this.#openCount(countKeyOf('instances', versionKey), max, {
          get lacking() {
            return gate.lacking;
          },
          get spare() {
            return gate.spare;
          },
          onGranted: () => gate.admit(),
          onShort: () => gate.settle(),
          reclaim: (units) => gate.reclaim(units),
        }),
      undefined,
      convenience,
    );
  }

  /** The budget of a function over time. */
  openRate(functionKey: string, limits: RateLimits): SharedRate {
    const rate = new SharedRate(
      {
        key: functionKey,
        clock: this.#parts.clock,
        mark: this.#mark,
        markSoon: this.#markSoon,
        aloneShare: this.#aloneShare,
        share: () => 1 / this.#peers,
        onClose: (closed) => {
          if (this.#rates.get(functionKey) === closed) this.#rates.delete(functionKey);
        },
      },
      limits,
    );
    this.#rates.set(functionKey, rate);
    return rate;
  }

  /** The memory of all instances of this worker. Opened once. */
  openMemory(totalBytes: number): SharedMemory {
    return new SharedMemory({
      totalBytes,
      openCount: (memory) => this.#openCount(MEMORY_KEY, chunksOf(totalBytes), memory),
      after: (delayMs, task) => this.#parts.clock.after(delayMs, task),
      isAlone: () => this.#send === undefined,
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelLook?.();
    this.#cancelOverdraw?.();
    this.#send = undefined;
  }

  #openGate(
    openPlaces: (gate: SharedGate) => LeasedCount,
    openQueue: ((gate: SharedGate) => LeasedCount) | undefined,
    convenience?: Convenience,
  ): SharedGate {
    return new SharedGate({
      openPlaces,
      openQueue,
      after: (delayMs, task) => this.#parts.clock.after(delayMs, task),
      aloneShare: this.#aloneShare,
      answerMs: () =>
        this.#parts.clock.monotonicMs() - this.#connectedMs < ADOPTION_MS ? ADOPTION_MS : ANSWER_MS,
      ...(convenience === undefined ? {} : { convenience }),
      onClose: (counts) => {
        for (const count of counts) this.#closeCount(count);
      },
    });
  }

  #openCount(key: string, total: number, owner: CountOwner): LeasedCount {
    const count = new LeasedCount({
      key,
      total,
      owner,
      nowMs: () => this.#parts.clock.monotonicMs(),
      mark: this.#mark,
    });
    this.#counts.set(key, count);
    return count;
  }

  #closeCount(count: LeasedCount): void {
    count.close();
    if (this.#counts.get(count.key) === count) this.#counts.delete(count.key);
  }

  #overdraw(count: LeasedCount): void {
    // Memory is had ahead, and places in the queue need no authority.
    if (count.key.startsWith('places:') || count.key.startsWith('instances:')) count.overdraw();
  }

  #handle(message: AuthorityQuotaMessage): void {
    switch (message.kind) {
      case 'peers':
        this.#handlePeers(message);
        return;
      case 'tokens':
        this.#rates.get(message.key)?.addTokens(message.units, message.retryMs);
        return;
      case 'cpu':
        this.#rates.get(message.key)?.addCpu(message.cells);
        return;
      case 'grant':
        this.#handleGrant(message.key, message.units);
        return;
      case 'recall':
        this.#handleRecall(message);
        return;
      case 'short':
        this.#counts.get(message.key)?.short();
    }
  }

  #handlePeers({ count, portion, portions }: AuthorityQuotaMessage & { kind: 'peers' }): void {
    this.#peers = Math.max(1, count);
    if (portion === this.#portion && portions === this.#portions) return;
    this.#portion = portion;
    this.#portions = Math.max(1, portions);
    for (const listener of this.#followers) listener();
  }

  #handleGrant(key: string, units: number): void {
    const count = this.#counts.get(key);
    if (count !== undefined) count.grant(units);
    // Nobody is there any more who asked.
    else this.#send?.([{ kind: 'claim', key, need: 0, release: units }]);
  }

  #handleRecall({ key, id, idle, due }: AuthorityQuotaMessage & { kind: 'recall' }): void {
    const count = this.#counts.get(key);
    if (count !== undefined) count.recall(id, idle, due);
    else this.#send?.([{ kind: 'claim', key, need: 0, release: 0, answers: id }]);
  }

  readonly #flush = (): void => {
    this.#isFlushComing = false;
    if (this.#isClosed) return;
    const messages: WorkerQuotaMessage[] = [];
    const marked = [...this.#marked];
    this.#marked.clear();
    for (const each of marked) {
      if (this.#send === undefined) {
        // It is all told anew when there is an authority.
        if (this.#mayOverdraw && each instanceof LeasedCount) this.#overdraw(each);
      } else if (each instanceof LeasedCount) {
        const message = each.flush();
        if (message !== undefined) messages.push(message);
      } else {
        messages.push(...each.flush());
      }
    }
    if (messages.length > 0) this.#send?.(messages);
  };

  #armLook(): void {
    this.#cancelLook = this.#parts.clock.after(LOOK_MS, () => {
      if (this.#send !== undefined) for (const count of this.#counts.values()) count.look();
      this.#armLook();
    });
  }
}
