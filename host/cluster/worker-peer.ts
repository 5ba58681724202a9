/** One worker as the supervisor sees it: its process, its connection, and what it was told. */
import { HostError } from '../base/errors.ts';
import type { RpcLink } from '../links/rpc-link.ts';
import type { RouteSnapshot } from '../registry/model.ts';
import { changeBetween, stateOf } from './route-changes.ts';

/** `starting`: not serving yet; `draining`: takes no more connections, and ends. */
export type WorkerState = 'starting' | 'ready' | 'draining';

/** How long a worker has to take routes. Then it is killed: it may still serve what was replaced. */
const APPLY_MS = 5000;

/** A worker. */
export class WorkerPeer {
  readonly id: string;
  readonly pid: number;
  /** Release of the package it runs; undefined until it has introduced itself. */
  release: string | undefined;
  state: WorkerState = 'starting';
  /** Its watchdog has said that its event loop stands still. */
  isStuck = false;
  /** When it was started or adopted, on the monotonic clock. */
  readonly sinceMs: number;
  #link: RpcLink | undefined;
  /** What it serves; undefined if only its number is known, or nothing. */
  #served: RouteSnapshot | undefined;
  #servedEpoch = -1;
  #wanted: RouteSnapshot | undefined;
  #following: Promise<void> | undefined;
  readonly #ready = Promise.withResolvers<void>();
  readonly #gone = Promise.withResolvers<void>();
  #linked = Promise.withResolvers<void>();

  constructor(id: string, pid: number, sinceMs: number) {
    this.id = id;
    this.pid = pid;
    this.sinceMs = sinceMs;
    // Nobody has to wait for it.
    this.#ready.promise.catch(() => {});
  }

  /** Undefined while it is not connected. */
  get link(): RpcLink | undefined {
    return this.#link;
  }

  /** Resolves when it serves; rejects if it ends before. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Resolves when its process has ended. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** It has introduced itself. */
  connect(link: RpcLink, release: string, servedEpoch: number): void {
    this.#link = link;
    this.release = release;
    this.#servedEpoch = servedEpoch;
    this.#served = undefined;
    this.#linked.resolve();
  }

  /** It was sent this with the answer to its introduction. */
  welcomed(snapshot: RouteSnapshot): void {
    this.#served = snapshot;
    this.#servedEpoch = snapshot.epoch;
  }

  disconnect(link: RpcLink): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    this.#linked = Promise.withResolvers();
  }

  markReady(): void {
    if (this.state === 'starting') this.state = 'ready';
    this.#ready.resolve();
  }

  /** Its process has ended. */
  markGone(): void {
    this.#ready.reject(new HostError('worker_failed', { reason: `${this.id} ended` }));
    this.#gone.resolve();
    this.#linked.resolve();
  }

  /**
   * Has it serve a snapshot, or a later one. Resolves when it does, or has ended.
   *
   * @throws {link_timeout} If it does not take it: it must not live on.
   */
  follow(snapshot: RouteSnapshot): Promise<void> {
    this.#wanted = snapshot;
    if (this.#servedEpoch >= snapshot.epoch) return Promise.resolve();
    this.#following ??= this.#follow();
    return this.#following;
  }

  /** @throws {link_lost} If it is not connected. */
  call(method: string, params: unknown, timeoutMs: number): Promise<unknown> {
    if (this.#link === undefined) return Promise.reject(new HostError('link_lost', { method }));
    return this.#link.call(method, params, timeoutMs);
  }

  notify(method: string, params: unknown): void {
    this.#link?.notify(method, params);
  }

  async #follow(): Promise<void> {
    const isOver = this.gone.then(() => 'gone' as const);
    try {
      for (;;) {
        const wanted = this.#wanted;
        if (wanted === undefined || this.#servedEpoch >= wanted.epoch) return;
        const step = await Promise.race([isOver, this.#send(wanted)]);
        if (step === 'gone') return;
      }
    } finally {
      // At once: whoever wants something later than what was looked at last must not be given this promise.
      this.#following = undefined;
    }
  }

  async #send(wanted: RouteSnapshot): Promise<void> {
    await this.#untilLinked();
    const served = this.#served;
    let epoch: unknown;
    if (served !== undefined) {
      epoch = await this.call('routes.apply', changeBetween(served, wanted), APPLY_MS);
    }
    if (epoch !== wanted.epoch) {
      epoch = await this.call('routes.replace', stateOf(wanted), APPLY_MS);
    }
    if (epoch !== wanted.epoch) {
      throw new HostError('internal_error', { reason: `${this.id} serves other routes` });
    }
    this.#served = wanted;
    this.#servedEpoch = wanted.epoch;
  }

  async #untilLinked(): Promise<void> {
    if (this.#link !== undefined) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const error = new HostError('link_timeout', { method: 'routes.apply', timeoutMs: APPLY_MS });
      timer = setTimeout(() => reject(error), APPLY_MS);
    });
    try {
      await Promise.race([this.#linked.promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
