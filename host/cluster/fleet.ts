/**
 * The workers of a host: as many as there should be, replaced when they end, one after the other when the host is
 * reloaded, adopted when they are there already. What is deployed reaches all of them or ends them.
 */
import { readFileSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import { HostError } from '../base/errors.ts';
import type { Log } from '../logs/log.ts';
import type { RpcLink } from '../links/rpc-link.ts';
import type { RestartReason } from '../metrics/figures.ts';
import type { RouteSnapshot } from '../registry/model.ts';
import type { LauncherClient } from './launcher-client.ts';
import type { WorkerExit, WorkerSpec } from './launcher-messages.ts';
import type { Hello } from './worker-messages.ts';
import { WorkerPeer, type WorkerState } from './worker-peer.ts';

/** How long a started worker has until it serves. */
const READY_MS = 60_000;
/** How long one has to end by itself beyond what its requests have. */
const FAREWELL_MS = 5000;
/** How long a worker that is replaced keeps idle connections: a request may be on its way. */
export const IDLE_MS = 1000;
/** How long a worker that is there already has to introduce itself. */
const ADOPT_MS = 5000;

/** How soon a worker that could not be started is tried again. */
const RETRY_MS = 1000;
/** How often workers without a launcher are looked at. */
const LOOK_MS = 100;

/** What the fleet works with. */
export interface FleetParts {
  readonly size: number;
  readonly drainTimeoutMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** The launcher of this moment. */
  readonly launcher: () => Pick<LauncherClient, 'startWorker'>;
  readonly createSpec: (id: string) => WorkerSpec;
  /** When a worker that ended by itself is replaced: ms to wait. */
  readonly restartDelayMs: (peer: WorkerPeer, exit: WorkerExit) => number;
  /** A worker is told to end. */
  readonly onRetiring: (peer: WorkerPeer) => void;
  readonly onGone: (peer: WorkerPeer) => void;
  /** A worker was started in place of another. */
  readonly onReplaced: (why: RestartReason) => void;
}

/** All workers. */
export class Fleet {
  readonly #parts: FleetParts;
  readonly #peers = new Map<string, WorkerPeer>();
  /** Those without a launcher. */
  readonly #orphans = new Set<WorkerPeer>();
  /** Ids of those that are being started and have no process yet. */
  readonly #starting = new Set<string>();
  /** Those of them that have ended before it was known that they were there. */
  readonly #endedEarly = new Map<string, WorkerExit>();
  /** Replacements that wait for their time. */
  #waiting = 0;
  #lastNumber = 0;
  #isClosing = false;
  #reloading: Promise<number> | undefined;
  #nextPick = 0;

  constructor(parts: FleetParts) {
    this.#parts = parts;
  }

  get peers(): readonly WorkerPeer[] {
    return [...this.#peers.values()];
  }

  /** Those that are not about to end. */
  get #staying(): readonly WorkerPeer[] {
    return this.peers.filter(({ state }) => state !== 'draining');
  }

  /** How many are to be started that nobody starts yet. */
  get #missing(): number {
    return this.#parts.size - this.#staying.length - this.#starting.size - this.#waiting;
  }

  /** How many are in each state. */
  counts(): Readonly<Record<WorkerState, number>> {
    const counts = { starting: 0, ready: 0, draining: 0 };
    for (const { state } of this.#peers.values()) counts[state] += 1;
    return counts;
  }

  get(id: string): WorkerPeer | undefined {
    return this.#peers.get(id);
  }

  /** A worker that serves; another one each time. @throws {no_worker} If there is none. */
  pick(): WorkerPeer {
    const ready = this.peers.filter(({ state, link }) => state === 'ready' && link !== undefined);
    const peer = ready[this.#nextPick % Math.max(1, ready.length)];
    if (peer === undefined) throw new HostError('no_worker');
    this.#nextPick += 1;
    return peer;
  }

  /**
   * Takes over workers that are there, and starts those that are missing.
   *
   * @param found What the launcher has.
   * @throws {worker_failed} If one cannot be started: the host cannot serve.
   */
  async start(found: readonly { readonly id: string; readonly pid: number }[]): Promise<void> {
    const { size, log } = this.#parts;
    for (const { id, pid } of found) this.adopt({ worker: id, pid });
    if (found.length > 0)
      log.info({ workers: found.length }, 'taking over the workers that are there');
    await Promise.all(this.peers.map((peer) => this.#awaitAdopted(peer)));
    const missing = Math.max(0, size - this.#staying.length);
    await Promise.all(Array.from({ length: missing }, () => this.#startOne()));
    for (const surplus of this.#staying.slice(size)) void this.#retire(surplus, IDLE_MS);
  }

  /** Tells all of them something. */
  notify(method: string, params: unknown): void {
    for (const peer of this.#peers.values()) peer.notify(method, params);
  }

  /** A worker has connected. */
  connect(hello: Hello, link: RpcLink): WorkerPeer {
    const peer = this.#peers.get(hello.worker);
    if (peer === undefined || peer.pid !== hello.pid) throw new HostError('no_worker');
    peer.connect(link, hello.release, hello.epoch);
    if (hello.ready) peer.markReady();
    return peer;
  }

  /** Resolves when no worker serves anything older: one that does not follow is killed. */
  async publish(snapshot: RouteSnapshot): Promise<void> {
    // Who is not connected and does not serve gets the routes when it introduces itself, or ends.
    const serving = this.peers.filter(({ state, link }) => state === 'ready' || link !== undefined);
    await Promise.all(serving.map((peer) => this.#publishTo(peer, snapshot)));
  }

  /**
   * Replaces all workers, one after the other: the next one serves before the one it replaces takes no more
   * connections.
   *
   * @returns How many were replaced.
   * @throws {worker_failed} If a new one does not come up; the old ones go on.
   */
  reload(): Promise<number> {
    this.#reloading ??= this.#reload().finally(() => {
      this.#reloading = undefined;
      // While there was one more, nobody replaced those that ended.
      this.refill();
    });
    return this.#reloading;
  }

  handleExit(exit: WorkerExit): void {
    if (this.#starting.has(exit.id)) this.#endedEarly.set(exit.id, exit);
    const peer = this.#peers.get(exit.id);
    if (peer === undefined || peer.pid !== exit.pid) return;
    this.#peers.delete(exit.id);
    const wasDraining = peer.state === 'draining';
    peer.state = 'draining';
    peer.markGone();
    this.#parts.onGone(peer);
    if (wasDraining || this.#isClosing) return;
    const delayMs = this.#parts.restartDelayMs(peer, exit);
    this.#parts.log.error({ worker: exit.id, ...exit, delayMs }, 'a worker has ended');
    this.#replaceLater(peer.isStuck ? 'watchdog' : 'crash', delayMs);
  }

  /** The launcher is gone: the ends of its workers are found out by looking. */
  orphan(): void {
    for (const peer of this.#peers.values()) this.#watch(peer);
  }

  /** Whether a worker is one of these. */
  knows({ worker, pid }: Pick<Hello, 'worker' | 'pid'>): boolean {
    return this.#peers.get(worker)?.pid === pid;
  }

  /** Counts a worker in that is there already, unless it is counted. */
  adopt({ worker, pid }: Pick<Hello, 'worker' | 'pid'>): void {
    if (this.knows({ worker, pid })) return;
    this.#track(new WorkerPeer(worker, pid, this.#parts.clock.monotonicMs()));
  }

  /** Has workers without a launcher stop listening: they hold the address. */
  drainOrphans(): void {
    for (const peer of this.#orphans) {
      if (peer.state !== 'draining' && peer.link !== undefined) void this.#retire(peer, IDLE_MS);
    }
  }

  /** Starts what is missing. */
  refill(): void {
    for (let left = this.#missing; left > 0; left -= 1) {
      this.#replaceLost('crash');
    }
  }

  /** Kills a worker; its exit is handled as any other. */
  kill(peer: WorkerPeer): void {
    this.#signal(peer, 'SIGKILL');
  }

  /** Has all of them drain, and waits until they have. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all(this.peers.map((peer) => this.#retire(peer)));
  }

  #watch(peer: WorkerPeer): void {
    this.#orphans.add(peer);
    const timer = setInterval(() => {
      if (isAlive(peer.pid)) return;
      clearInterval(timer);
      this.#orphans.delete(peer);
      this.handleExit({ id: peer.id, pid: peer.pid, code: null, signal: null });
    }, LOOK_MS).unref();
  }

  async #awaitAdopted(peer: WorkerPeer): Promise<void> {
    const late = this.#after(ADOPT_MS);
    try {
      await Promise.race([peer.ready, late.promise]);
    } catch (error) {
      this.#parts.log.warn({ worker: peer.id, err: error }, 'a worker does not answer: killing it');
      this.kill(peer);
      await peer.gone;
    } finally {
      late.cancel();
    }
  }

  async #startOne(): Promise<WorkerPeer> {
    const { launcher, createSpec, clock } = this.#parts;
    const id = `worker-${(this.#lastNumber += 1)}`;
    this.#starting.add(id);
    let peer: WorkerPeer;
    try {
      const pid = await launcher().startWorker(createSpec(id));
      peer = new WorkerPeer(id, pid, clock.monotonicMs());
      this.#track(peer);
    } finally {
      this.#starting.delete(id);
    }
    const ended = this.#endedEarly.get(id);
    this.#endedEarly.delete(id);
    if (ended !== undefined) this.handleExit(ended);
    const late = this.#after(READY_MS);
    try {
      await Promise.race([peer.ready, late.promise]);
    } catch (error) {
      peer.state = 'draining';
      this.kill(peer);
      throw error;
    } finally {
      late.cancel();
    }
    return peer;
  }

  #track(peer: WorkerPeer): void {
    this.#peers.set(peer.id, peer);
    this.#lastNumber = Math.max(this.#lastNumber, Number(peer.id.slice('worker-'.length)));
  }

  #replaceLater(why: RestartReason, delayMs: number): void {
    if (this.#missing <= 0) return;
    this.#waiting += 1;
    const timer = setTimeout(() => {
      this.#waiting -= 1;
      this.#replaceLost(why);
    }, delayMs);
    timer.unref();
  }

  #replaceLost(why: RestartReason): void {
    if (this.#isClosing || this.#missing <= 0) return;
    this.#startOne().then(
      () => this.#parts.onReplaced(why),
      (error: unknown) => {
        this.#parts.log.error({ err: error }, 'a worker cannot be replaced');
        // If it has ended by itself, its end has seen to that.
        this.#replaceLater(why, RETRY_MS);
      },
    );
  }

  async #publishTo(peer: WorkerPeer, snapshot: RouteSnapshot): Promise<void> {
    try {
      await peer.follow(snapshot);
    } catch (error) {
      this.#parts.log.error(
        { worker: peer.id, err: error },
        'a worker does not follow: killing it',
      );
      this.kill(peer);
      await peer.gone;
    }
  }

  async #reload(): Promise<number> {
    let replaced = 0;
    for (const old of this.peers) {
      if (this.#isClosing || old.state === 'draining') continue;
      await this.#startOne();
      this.#parts.onReplaced('reload');
      await this.#retire(old, IDLE_MS);
      replaced += 1;
    }
    return replaced;
  }

  async #retire(peer: WorkerPeer, idleMs = 0): Promise<void> {
    peer.state = 'draining';
    this.#parts.onRetiring(peer);
    if (peer.link === undefined) this.#signal(peer, 'SIGTERM');
    else peer.notify('worker.drain', { idleMs });
    const late = this.#after(this.#parts.drainTimeoutMs + FAREWELL_MS);
    try {
      await Promise.race([peer.gone, late.promise]);
    } catch {
      this.#parts.log.warn({ worker: peer.id }, 'a worker does not end: killing it');
      this.kill(peer);
      await peer.gone;
    } finally {
      late.cancel();
    }
  }

  #signal(peer: WorkerPeer, signal: NodeJS.Signals): void {
    // The number of a process that has ended may be another's by now.
    if (this.#peers.get(peer.id) !== peer) return;
    try {
      process.kill(peer.pid, signal);
    } catch {
      // It has ended already.
    }
  }

  #after(ms: number): { promise: Promise<never>; cancel: () => void } {
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => {});
    const cancel = this.#parts.clock.after(ms, () =>
      reject(new HostError('worker_failed', { reason: `it took over ${ms} ms` })),
    );
    return { promise, cancel };
  }
}

/** Whether a process runs: one that has ended and whose parent does not ask for its exit code does not. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    if (process.platform !== 'linux') return true;
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.charAt(stat.lastIndexOf(')') + 2) !== 'Z';
  } catch {
    return false;
  }
}
