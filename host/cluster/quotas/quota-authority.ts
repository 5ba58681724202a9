/**
 * The supervisor's side of what all workers of a host share: knows the totals from what is deployed, and lends to the
 * workers. What workers say is checked; none can make the sum of what is lent exceed a total.
 */
import type { Clock } from '../../base/clock.ts';
import { CpuWindow } from '../../limits/cpu-window.ts';
import {
  countKeyOf,
  functionKeyOf,
  MEMORY_KEY,
  versionKeyOf,
} from '../../limits/quotas/quota-keys.ts';
import {
  workerMessagesSchema,
  type AuthorityQuotaMessage,
  type WorkerQuotaMessage,
} from '../../limits/quotas/quota-messages.ts';
import { chunksOf } from '../../limits/quotas/shared-memory.ts';
import type { RouteSnapshot, Version } from '../../registry/model.ts';
import { CountedQuota } from './counted-quota.ts';
import { RateQuota, type TokenAnswer } from './rate-quota.ts';
import { Portions } from './portions.ts';

/** How long workers may still ask for places of a version that is no longer live, ms. */
const RETIRED_MS = 60_000;
/** CPU time that a worker may report beyond the time that it has been connected, ms: it was used before. */
const CPU_SLACK_MS = 120_000;

/** What an authority works with. */
export interface QuotaAuthorityParts {
  readonly clock: Clock;
  /** Memory that all instances of all workers may take, bytes. */
  readonly memoryBytes: number;
  /** How many workers there should be. */
  readonly workers: number;
  /** Workers that are there and hold something: nothing is lent until each has connected or left. */
  readonly expected: Iterable<string>;
}

/** Delivers messages to a worker in order, or not at all. */
export type SendToWorker = (messages: readonly AuthorityQuotaMessage[]) => void;

/** A worker's connection. */
export interface QuotaSession {
  /**
   * Takes what the worker sent.
   *
   * @throws {Error} If it is not what workers send; nothing of it has changed anything then.
   */
  receive(messages: unknown): void;
  /** The connection is lost; the worker may be there still, and keeps what it holds. */
  disconnect(): void;
}

interface WorkerState {
  session: QuotaSession | undefined;
  send: SendToWorker | undefined;
  /** What it is told when the present messages are done with. */
  outbox: AuthorityQuotaMessage[];
  hasJoined: boolean;
  joinedMs: number;
  cpuMs: number;
}

interface CpuShare {
  readonly window: CpuWindow;
  readonly workers: Set<string>;
}

type Limits = ReadonlyMap<string, number>;

const NO_SUCH_RATE: TokenAnswer = { units: 0, retryMs: 1000 };

/** The authority of one host. */
export class QuotaAuthority {
  readonly #clock: Clock;
  readonly #workers = new Map<string, WorkerState>();
  readonly #expected: Set<string>;
  readonly #portions: Portions;
  readonly #counts = new Map<string, CountedQuota>();
  readonly #memoryChunks: number;
  /** Totals of live versions, and of those that were live lately. */
  #totals: Limits = new Map();
  readonly #retired = new Map<string, { readonly total: number; readonly untilMs: number }>();
  readonly #rates = new Map<string, RateQuota>();
  readonly #cpu = new Map<string, CpuShare>();
  #limitedCpu: ReadonlySet<string> = new Set();
  readonly #tell = (worker: string, message: AuthorityQuotaMessage): void => {
    this.#workers.get(worker)?.outbox.push(message);
  };

  constructor({ clock, memoryBytes, workers, expected }: QuotaAuthorityParts) {
    this.#clock = clock;
    this.#memoryChunks = chunksOf(memoryBytes);
    this.#expected = new Set(expected);
    this.#portions = new Portions(workers);
  }

  /** What is deployed: call it before the workers are told of the snapshot. */
  follow(snapshot: RouteSnapshot): void {
    const nowMs = this.#clock.monotonicMs();
    const lives = [...snapshot.functions.values()].map(({ live }) => live);
    const totals = new Map(lives.flatMap(totalsOf));
    for (const [key, { untilMs }] of this.#retired) if (untilMs <= nowMs) this.#retired.delete(key);
    for (const [key, total] of this.#totals) {
      if (!totals.has(key)) this.#retired.set(key, { total, untilMs: nowMs + RETIRED_MS });
    }
    this.#totals = totals;
    for (const [key, count] of this.#counts) {
      const total = totals.get(key);
      if (total !== undefined && total !== count.total) count.setTotal(total);
    }
    this.#followRates(lives, nowMs);
    this.#deliver();
  }

  /**
   * A worker has connected; whatever connection it had is over. It begins with `join`.
   *
   * @param worker Its name, for as long as its process lives.
   */
  connect(worker: string, send: SendToWorker): QuotaSession {
    this.#workers.get(worker)?.session?.disconnect();
    const session: QuotaSession = {
      receive: (messages) => {
        if (state.session === session) this.#receive(worker, state, messages);
      },
      disconnect: () => {
        if (state.session === session) this.#disconnect(worker, state);
      },
    };
    const state: WorkerState = {
      session,
      send,
      outbox: [],
      hasJoined: false,
      joinedMs: this.#clock.monotonicMs(),
      cpuMs: 0,
    };
    this.#workers.set(worker, state);
    this.#portions.take(worker);
    this.#tellPeers();
    this.#deliver();
    return session;
  }

  /** A worker is about to go: whoever is there in its place gets its part of what the host wants at least. */
  retire(worker: string): void {
    this.#portions.leave(worker);
    this.#tellPeers();
    this.#deliver();
  }

  /** A worker's process is gone: all that it held is free at once. */
  leave(worker: string): void {
    this.#workers.delete(worker);
    this.#portions.leave(worker);
    for (const rate of this.#rates.values()) rate.leave(worker);
    for (const { workers } of this.#cpu.values()) workers.delete(worker);
    for (const [key, count] of this.#counts) {
      count.leave(worker);
      this.#forgetIfUnused(key, count);
    }
    this.#meet(worker);
    this.#tellPeers();
    this.#deliver();
  }

  /** Units lent, and how many there are, for people and tests; undefined if nobody holds or wants any. */
  describe(key: string): { readonly held: number; readonly total: number } | undefined {
    const count = this.#counts.get(key);
    return count === undefined ? undefined : { held: count.held, total: count.total };
  }

  #receive(worker: string, state: WorkerState, messages: unknown): void {
    const checked = workerMessagesSchema.parse(messages);
    for (const [index, { kind }] of checked.entries()) {
      if ((kind === 'join') === (index === 0 && !state.hasJoined)) continue;
      throw new Error(`Cannot take "${kind}" of ${worker}: a connection begins with one "join"`);
    }
    for (const message of checked) this.#handle(worker, state, message);
    this.#deliver();
  }

  #handle(worker: string, state: WorkerState, message: WorkerQuotaMessage): void {
    switch (message.kind) {
      case 'join':
        this.#join(worker, state, message);
        return;
      case 'claim':
        this.#claim(worker, message);
        return;
      case 'ask':
        this.#giveTokens(worker, message);
        return;
      case 'cpu':
        this.#shareCpu(worker, state, message);
    }
  }

  #join(
    worker: string,
    state: WorkerState,
    { held, cpu }: WorkerQuotaMessage & { kind: 'join' },
  ): void {
    state.hasJoined = true;
    const claimed = new Map(held);
    for (const [key, count] of this.#counts) count.adopt(worker, claimed.get(key) ?? 0);
    for (const [key, units] of claimed) {
      if (this.#counts.has(key)) continue;
      // What is not known any more was retired: it is counted until it is given back.
      this.#openCount(key, this.#totalOf(key) ?? 0).adopt(worker, units);
    }
    const nowMs = this.#clock.monotonicMs();
    for (const [key, cells] of cpu) {
      if (!this.#limitedCpu.has(key)) continue;
      const { window } = this.#cpuOf(key, nowMs);
      // All workers know the same sums: what is not known here was lost with the last authority.
      const known = new Map(window.cells(nowMs));
      for (const [age, ms] of cells)
        window.add(Math.max(0, ms - (known.get(age) ?? 0)), nowMs, age);
    }
    this.#meet(worker);
  }

  #claim(worker: string, message: WorkerQuotaMessage & { kind: 'claim' }): void {
    const { key } = message;
    const known = this.#counts.get(key);
    const total = this.#totalOf(key);
    if (known === undefined && total === undefined) {
      if (message.need > 0) this.#tell(worker, { kind: 'short', key });
      return;
    }
    const count = known ?? this.#openCount(key, total ?? 0);
    count.claim(worker, message);
    this.#forgetIfUnused(key, count);
  }

  #giveTokens(worker: string, { key, want, unused }: WorkerQuotaMessage & { kind: 'ask' }): void {
    const nowMs = this.#clock.monotonicMs();
    // Without a rate its worker does not know yet that there is none any more, or makes it up.
    const answer = this.#rates.get(key)?.ask(worker, want, unused, nowMs) ?? NO_SUCH_RATE;
    if (want > 0) this.#tell(worker, { kind: 'tokens', key, ...answer });
  }

  #shareCpu(
    worker: string,
    state: WorkerState,
    message: WorkerQuotaMessage & { kind: 'cpu' },
  ): void {
    const { key } = message;
    if (!this.#limitedCpu.has(key)) return;
    const nowMs = this.#clock.monotonicMs();
    // One thread has not used more time than has passed.
    const mostMs = nowMs - state.joinedMs + CPU_SLACK_MS - state.cpuMs;
    const ms = Math.max(0, Math.min(message.ms, mostMs));
    state.cpuMs += ms;
    const { window, workers } = this.#cpuOf(key, nowMs);
    if (!workers.has(worker)) {
      workers.add(worker);
      const cells = window.cells(nowMs);
      if (cells.length > 0) this.#tell(worker, { kind: 'cpu', key, cells });
    }
    if (ms === 0) return;
    window.add(ms, nowMs);
    for (const other of workers) {
      if (other !== worker) this.#tell(other, { kind: 'cpu', key, cells: [[0, ms]] });
    }
  }

  #disconnect(worker: string, state: WorkerState): void {
    state.session = undefined;
    state.send = undefined;
    state.outbox = [];
    for (const { workers } of this.#cpu.values()) workers.delete(worker);
    for (const count of this.#counts.values()) count.disconnect(worker);
    this.#deliver();
  }

  /** Somebody who was expected is here, or will not come. */
  #meet(worker: string): void {
    if (!this.#expected.delete(worker) || this.#expected.size > 0) return;
    for (const count of this.#counts.values()) count.thaw();
  }

  #followRates(lives: readonly Version[], nowMs: number): void {
    const limited = new Map<string, number>();
    const limitedCpu = new Set<string>();
    for (const live of lives) {
      const { requestsPerSecond, cpuMsPerMinute } = live.settings.budget;
      if (requestsPerSecond !== undefined) limited.set(functionKeyOf(live), requestsPerSecond);
      if (cpuMsPerMinute !== undefined) limitedCpu.add(functionKeyOf(live));
    }
    for (const key of this.#rates.keys()) if (!limited.has(key)) this.#rates.delete(key);
    for (const [key, perSecond] of limited) {
      const rate = this.#rates.get(key);
      if (rate === undefined) this.#rates.set(key, new RateQuota(perSecond, nowMs));
      else rate.configure(perSecond, nowMs);
    }
    for (const key of this.#cpu.keys()) if (!limitedCpu.has(key)) this.#cpu.delete(key);
    this.#limitedCpu = limitedCpu;
  }

  #totalOf(key: string): number | undefined {
    if (key === MEMORY_KEY) return this.#memoryChunks;
    return this.#totals.get(key) ?? this.#retired.get(key)?.total;
  }

  #openCount(key: string, total: number): CountedQuota {
    const count = new CountedQuota(key, total, this.#tell);
    if (this.#expected.size > 0) count.freeze();
    this.#counts.set(key, count);
    return count;
  }

  #cpuOf(key: string, nowMs: number): CpuShare {
    const known = this.#cpu.get(key);
    if (known !== undefined) return known;
    const share = { window: new CpuWindow(nowMs), workers: new Set<string>() };
    this.#cpu.set(key, share);
    return share;
  }

  #forgetIfUnused(key: string, count: CountedQuota): void {
    if (count.isUnused) this.#counts.delete(key);
  }

  #tellPeers(): void {
    const { count: portions } = this.#portions;
    const count = this.#workers.size;
    for (const [worker, { outbox }] of this.#workers) {
      outbox.push({ kind: 'peers', count, portion: this.#portions.of(worker) ?? null, portions });
    }
  }

  #deliver(): void {
    for (const state of this.#workers.values()) {
      if (state.outbox.length === 0) continue;
      const messages = state.outbox;
      state.outbox = [];
      state.send?.(messages);
    }
  }
}

function totalsOf(version: Version): readonly (readonly [key: string, total: number])[] {
  const { limits, instances } = version.settings;
  const key = versionKeyOf(version);
  return [
    [countKeyOf('places', key), limits.concurrency],
    [countKeyOf('queue', key), limits.queue],
    [countKeyOf('instances', key), instances.max],
  ];
}
