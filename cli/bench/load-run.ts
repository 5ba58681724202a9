/**
 * Puts load on a server over keep-alive connections, and says how it was answered.
 *
 * Closed loop: each connection sends its next request as soon as the last one was answered. Requests under way at the
 * end are waited for and count like the others: left out, the slowest would be missing.
 *
 * Open loop, at a rate: requests are sent when their time has come, whether the earlier ones were answered or not, and a
 * latency counts from then: what waits because server or loader is behind is in it. Timers are exact to a
 * millisecond, longer than most answers take, so shortly before a request is due the loop turns without sleeping: from
 * about 500 requests a second on, that takes a whole core.
 */
import type { HistogramJson } from './latency-histogram.ts';
import { LoadConnection, type Answer, type LoadTarget } from './load-connection.ts';
import { LoadTally } from './load-tally.ts';

/** What to load, and how. */
export interface RunOrder {
  readonly target: LoadTarget;
  /** Bytes of the request. */
  readonly request: Uint8Array;
  /** Connections; at a rate, a request waits for a free one. */
  readonly connections: number;
  /** Absent: a closed loop. */
  readonly requestsPerSecond?: number;
  /** Time before counting begins, ms. */
  readonly warmUpMs: number;
  /** Time that counts, ms; what is under way then comes on top. */
  readonly durationMs: number;
}

/** What came of it. */
export interface RunOutcome {
  /** Answers after the warm-up with a status below 400. */
  readonly requests: number;
  /** Those over the time from the end of the warm-up to the last of them. */
  readonly requestsPerSecond: number;
  /** That time, s. */
  readonly seconds: number;
  /** Of the same answers, to the last byte. */
  readonly latencies: HistogramJson;
  readonly leastMs: number;
  readonly meanMs: number;
  readonly mostMs: number;
  /** All answers after the warm-up, by status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** What was no success after the warm-up: by status and code, or by what happened to the connection. */
  readonly errors: Readonly<Record<string, number>>;
  /** Requests without an answer when the waiting was over. */
  readonly unanswered: number;
  /** Share of one core that this process took: near 1, it is the loader that was measured. */
  readonly loaderCpu: number;
}

/** How long connections may take to be made, and answers to come once nothing more is sent, ms. */
const CONNECT_MS = 10_000;
const DRAIN_MS = 35_000;
/** The same for who does not want to wait. */
const STOP_MS = 1000;
/** Before a connection is made again that has failed. */
const RETRY_MS = 100;
/** Closer to a request than this, timers are too coarse. */
const SPIN_MS = 3;

/** One load, run once. */
export class LoadRun {
  /** Told of the first error, and each one after it. */
  onTrouble: (what: string) => void = () => {};
  readonly #order: RunOrder;
  readonly #perMs: number | undefined;
  readonly #total: number;
  readonly #tally = new LoadTally();
  readonly #lanes: Lane[] = [];
  readonly #free: Lane[] = [];
  readonly #stopped = Promise.withResolvers<void>();
  readonly #finished = Promise.withResolvers<void>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #cpuBefore = process.cpuUsage();
  #startMs = 0;
  #countFromMs = 0;
  #endMs = 0;
  #sent = 0;
  #underWay = 0;
  #resting = 0;
  #isScheduled = false;
  #isStopped = false;
  #isClosed = false;

  constructor(order: RunOrder) {
    const { requestsPerSecond, warmUpMs, durationMs } = order;
    this.#order = order;
    this.#perMs = requestsPerSecond === undefined ? undefined : requestsPerSecond / 1000;
    this.#total = Math.floor((warmUpMs + durationMs) * (this.#perMs ?? 0));
  }

  /** What was counted so far. */
  get progress(): { readonly requests: number; readonly failures: number } {
    return { requests: this.#tally.requests, failures: this.#tally.failures };
  }

  /**
   * Runs to its end.
   *
   * @throws {Error} If no connection can be made.
   */
  async run(): Promise<RunOutcome> {
    await this.#openLanes();
    const { warmUpMs, durationMs } = this.#order;
    this.#cpuBefore = process.cpuUsage();
    this.#startMs = performance.now();
    this.#countFromMs = this.#startMs + warmUpMs;
    this.#endMs = this.#countFromMs + durationMs;
    this.#finishWithin(warmUpMs + durationMs + DRAIN_MS);
    if (this.#isStopped) this.#finished.resolve();
    else for (const lane of this.#lanes) this.#next(lane);
    if (this.#perMs !== undefined && this.#total === 0) this.#finished.resolve();
    await this.#finished.promise;
    return this.#sumUp();
  }

  /** Sends nothing more, waits a second for what is under way, and lets `run` end with what was measured. */
  stop(): void {
    this.#isStopped = true;
    this.#stopped.resolve();
    if (this.#startMs === 0) return;
    this.#finishWithin(STOP_MS);
    this.#checkEnd();
  }

  /** Closes the connections. */
  close(): void {
    this.#isClosed = true;
    this.#finished.resolve();
    for (const timer of this.#timers) clearTimeout(timer);
    for (const { connection } of this.#lanes) connection?.close();
  }

  async #openLanes(): Promise<void> {
    const failures: Error[] = [];
    const opened = Array.from({ length: this.#order.connections }, () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const lane: Lane = { connection: undefined, dueMs: 0, hasCounted: false, isBusy: false };
      this.#lanes.push(lane);
      this.#open(lane, (error) => {
        if (error !== undefined) failures.push(error);
        resolve();
      });
      this.#after(CONNECT_MS, resolve);
      return promise;
    });
    await Promise.race([Promise.all(opened), this.#stopped.promise]);
    if (failures[0] !== undefined && failures.length === this.#lanes.length) throw failures[0];
  }

  /** @param onSettled Told once: connected, or not. */
  #open(lane: Lane, onSettled: (error?: Error) => void): void {
    let isConnected = false;
    lane.connection = new LoadConnection(this.#order.target, {
      connected: () => {
        isConnected = true;
        onSettled();
      },
      answered: (answer, { endMs }) => this.#answered(lane, answer, endMs),
      failed: (error, wasWaiting) => {
        lane.connection = undefined;
        if (wasWaiting || !isConnected) this.#failed(lane, error);
        if (!isConnected) onSettled(error);
      },
    });
  }

  /** A lane has nothing to do. */
  #next(lane: Lane): void {
    if (this.#perMs !== undefined) {
      this.#free.push(lane);
      this.#schedule();
      return;
    }
    const nowMs = performance.now();
    // Every connection sends at least one request whose latency counts.
    const isOver = nowMs >= this.#endMs && (lane.hasCounted || lane.connection === undefined);
    if (isOver || this.#isStopped) {
      this.#resting += 1;
      this.#checkEnd();
      return;
    }
    if (lane.connection === undefined) this.#reopen(lane);
    else this.#send(lane, nowMs);
  }

  #send(lane: Lane, dueMs: number): void {
    if (lane.connection === undefined) this.#open(lane, () => {});
    lane.dueMs = dueMs;
    lane.hasCounted ||= dueMs >= this.#countFromMs;
    lane.isBusy = true;
    this.#underWay += 1;
    lane.connection?.send(this.#order.request);
  }

  #reopen(lane: Lane): void {
    this.#after(RETRY_MS, () => {
      this.#open(lane, (error) => {
        // Who failed has been given back already.
        if (error === undefined) this.#next(lane);
      });
    });
  }

  /** Sends what is due, and comes back for the next one. */
  #turn(): void {
    const perMs = this.#perMs ?? 0;
    const nowMs = performance.now();
    const due = Math.min(this.#total, Math.floor((nowMs - this.#startMs) * perMs) + 1);
    while (this.#sent < due && !this.#isStopped) {
      const lane = this.#free.pop();
      // Whoever becomes free schedules the next turn.
      if (lane === undefined) return;
      const number = this.#sent;
      this.#sent += 1;
      this.#send(lane, this.#startMs + number / perMs);
    }
    if (this.#sent < this.#total) this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isStopped || this.#isClosed || this.#free.length === 0) return;
    this.#isScheduled = true;
    const turn = (): void => {
      this.#isScheduled = false;
      this.#turn();
    };
    const waitMs = this.#startMs + this.#sent / (this.#perMs ?? 1) - performance.now();
    if (waitMs > SPIN_MS) this.#after(Math.floor(waitMs - SPIN_MS / 2), turn);
    else setImmediate(turn);
  }

  #answered(lane: Lane, answer: Answer, endMs: number): void {
    this.#release(lane);
    const isOpen = this.#perMs !== undefined;
    const error = this.#tally.answered(answer, {
      // In a closed loop what ends after the warm-up is work done in the time that counts.
      isCounted: isOpen ? lane.dueMs >= this.#countFromMs : endMs >= this.#countFromMs,
      latencyMs: lane.dueMs >= this.#countFromMs ? endMs - lane.dueMs : undefined,
    });
    if (error !== undefined) this.onTrouble(error);
    if (answer.isLast) {
      lane.connection?.close();
      lane.connection = undefined;
      if (!isOpen) return this.#open(lane, (failure) => void (failure ?? this.#next(lane)));
    }
    this.#next(lane);
    this.#checkEnd();
  }

  #failed(lane: Lane, error: Error): void {
    const wasBusy = lane.isBusy;
    this.#release(lane);
    this.onTrouble(error.message);
    if (this.#startMs === 0) return;
    if (performance.now() >= this.#countFromMs) this.#tally.failed(error);
    // A request at a rate that found no connection keeps its lane; the next one tries again.
    if (wasBusy || this.#perMs === undefined) this.#next(lane);
    this.#checkEnd();
  }

  #release(lane: Lane): void {
    if (lane.isBusy) this.#underWay -= 1;
    lane.isBusy = false;
  }

  #checkEnd(): void {
    if (this.#underWay > 0) return;
    const isDone =
      this.#perMs === undefined ? this.#resting === this.#lanes.length : this.#sent === this.#total;
    if (isDone || this.#isStopped) this.#finished.resolve();
  }

  #finishWithin(ms: number): void {
    this.#after(ms, () => this.#finished.resolve());
  }

  #after(ms: number, task: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#isClosed) task();
    }, ms);
    this.#timers.add(timer);
  }

  #sumUp(): RunOutcome {
    const finishedMs = performance.now();
    const cpu = process.cpuUsage(this.#cpuBefore);
    const seconds = Math.max(0, finishedMs - this.#countFromMs) / 1000;
    const unsent =
      this.#perMs === undefined
        ? 0
        : Math.min(this.#total, Math.floor((finishedMs - this.#startMs) * this.#perMs)) -
          this.#sent;
    return {
      ...this.#tally.sumUp(),
      requestsPerSecond: seconds === 0 ? 0 : this.#tally.requests / seconds,
      seconds,
      unanswered: this.#underWay + Math.max(0, unsent),
      loaderCpu: (cpu.user + cpu.system) / 1000 / (finishedMs - this.#startMs),
    };
  }
}

/** A connection, and the request it carries. */
interface Lane {
  connection: LoadConnection | undefined;
  /** When the request was to be sent. */
  dueMs: number;
  hasCounted: boolean;
  isBusy: boolean;
}
