/**
 * Workers with a supervisor in simulated time: messages take time and arrive in order, processes are killed, and everything
 * that happens follows from a seed.
 */
import type { Clock } from '../../../host/base/clock.ts';
import { QuotaAuthority, type QuotaSession } from '../../../host/cluster/quotas/quota-authority.ts';
import { QuotaClient } from '../../../host/limits/quotas/quota-client.ts';
import type { AuthorityQuotaMessage } from '../../../host/limits/quotas/quota-messages.ts';
import type { RouteSnapshot } from '../../../host/registry/model.ts';

/** Awaiting it lets what a settled promise has set off go one step on. */
const NEXT_STEP = Promise.resolve();

/** What happens at a time. */
interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly task: () => void;
}

/** Time that passes from event to event. */
export class SimClock implements Clock {
  #nowMs = 1000;
  #order = 0;
  /** A binary heap. */
  readonly #events: Event[] = [];

  wallMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  monotonicNs(): bigint {
    return BigInt(Math.round(this.#nowMs * 1e6));
  }

  after(delayMs: number, task: () => void): () => void {
    const event = { atMs: this.#nowMs + delayMs, order: (this.#order += 1), task };
    const cancelled = { is: false };
    this.#push({ ...event, task: () => void (cancelled.is || task()) });
    return () => void (cancelled.is = true);
  }

  /** Lets time pass. @param afterEach Called after every event and what it has set off. */
  async run(ms: number, afterEach: () => void = () => undefined): Promise<void> {
    const untilMs = this.#nowMs + ms;
    for (let event = this.#events[0]; event !== undefined; event = this.#events[0]) {
      if (event.atMs > untilMs) break;
      this.#pop();
      this.#nowMs = event.atMs;
      event.task();
      for (let turn = 0; turn < 6; turn += 1) await NEXT_STEP;
      afterEach();
    }
    this.#nowMs = untilMs;
  }

  #push(event: Event): void {
    const events = this.#events;
    let at = events.push(event) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (!isBefore(event, events[up])) break;
      this.#swap(at, up);
      at = up;
    }
  }

  #pop(): void {
    const events = this.#events;
    const last = events.pop();
    if (last === undefined || events.length === 0) return;
    events[0] = last;
    for (let at = 0; ;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        const event = events[child];
        if (event !== undefined && isBefore(event, events[least])) least = child;
      }
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #swap(a: number, b: number): void {
    const [first, second] = [this.#events[a], this.#events[b]];
    if (first === undefined || second === undefined) return;
    this.#events[a] = second;
    this.#events[b] = first;
  }
}

function isBefore(a: Event, b: Event | undefined): boolean {
  return b === undefined || a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** Numbers from 0 to 1, the same for the same seed (a linear congruential generator). */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A worker process. */
export interface SimWorker {
  readonly name: string;
  readonly client: QuotaClient;
  isAlive: boolean;
  session: QuotaSession | undefined;
  /** Of its connection; what belongs to an older one is lost. */
  link: number;
}

/** A supervisor and its workers. */
export class SimHost {
  readonly clock = new SimClock();
  readonly workers: SimWorker[] = [];
  readonly random: () => number;
  authority: QuotaAuthority | undefined;
  /** Messages so far, both ways. */
  messages = 0;
  snapshot: RouteSnapshot;
  readonly #memoryBytes: number;

  constructor(seed: number, snapshot: RouteSnapshot, memoryBytes = 2 ** 30) {
    this.random = createRandom(seed);
    this.snapshot = snapshot;
    this.#memoryBytes = memoryBytes;
    this.startSupervisor();
  }

  startSupervisor(): void {
    this.authority = new QuotaAuthority({
      clock: this.clock,
      memoryBytes: this.#memoryBytes,
      workers: 2,
      expected: this.workers.filter(({ isAlive }) => isAlive).map(({ name }) => name),
    });
    this.authority.follow(this.snapshot);
  }

  deploy(snapshot: RouteSnapshot): void {
    this.snapshot = snapshot;
    this.authority?.follow(snapshot);
  }

  addWorker(): SimWorker {
    const client = new QuotaClient({
      clock: this.clock,
      soon: (task) => this.clock.after(0, task),
    });
    const name = `worker-${this.workers.length}`;
    const worker: SimWorker = { name, client, isAlive: true, session: undefined, link: 0 };
    this.workers.push(worker);
    this.connect(worker);
    return worker;
  }

  /** Messages take 50 to 150 µs from here on. */
  connect(worker: SimWorker): void {
    const { authority } = this;
    if (authority === undefined || !worker.isAlive) return;
    const link = (worker.link += 1);
    const [toAuthority, toWorker] = [this.#openWay(), this.#openWay()];
    const session = authority.connect(worker.name, (messages) =>
      toWorker(messages, (received) => {
        if (worker.isAlive && worker.link === link) {
          worker.client.receive(received as AuthorityQuotaMessage[]);
        }
      }),
    );
    worker.session = session;
    worker.client.connect((messages) => {
      toAuthority(messages, (received) => {
        if (worker.link === link && this.authority === authority) session.receive(received);
      });
    });
  }

  /** The connection breaks; what was on its way is lost. */
  cut(worker: SimWorker): void {
    worker.link += 1;
    worker.session?.disconnect();
    worker.session = undefined;
    worker.client.disconnect();
  }

  killWorker(worker: SimWorker): void {
    worker.isAlive = false;
    worker.link += 1;
    worker.client.close();
    worker.session?.disconnect();
    this.authority?.leave(worker.name);
  }

  killSupervisor(): void {
    this.authority = undefined;
    for (const worker of this.workers) {
      worker.link += 1;
      worker.session = undefined;
      if (worker.isAlive) worker.client.disconnect();
    }
  }

  /** A way that keeps the order, and through which only plain data gets. */
  #openWay(): (messages: unknown, take: (messages: unknown) => void) => void {
    let lastMs = 0;
    return (messages, take) => {
      this.messages += (messages as unknown[]).length;
      const text = JSON.stringify(messages);
      const nowMs = this.clock.monotonicMs();
      lastMs = Math.max(lastMs, nowMs + 0.05 + this.random() * 0.1);
      this.clock.after(lastMs - nowMs, () => take(JSON.parse(text)));
    };
  }
}
