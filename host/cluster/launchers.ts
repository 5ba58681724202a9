/**
 * The launcher of a host as the supervisor sees it over time: the one that is there or is started, and another in its place
 * when it is lost. Whoever has bound the listening socket can start one at any time. A supervisor that found its launcher
 * has not: it keeps a spare one, started by the launcher, that holds the socket as well.
 */
import type { BoundSocket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../base/clock.ts';
import type { Closeable } from '../base/closeable.ts';
import { HostError } from '../base/errors.ts';
import type { Log } from '../logs/log.ts';
import { LauncherClient } from './launcher-client.ts';
import type { LauncherView, WorkerExit } from './launcher-messages.ts';
import { bindSocket } from './listening.ts';
import type { RunDirectory } from './run-directory.ts';

/** How long workers without a launcher have to free the address, and how often that is looked at. */
const FREE_MS = 5000;
const FREE_LOOK_MS = 20;
/** How soon another spare one is tried after one was lost or could not be had. */
const SPARE_MS = 1000;
/** How soon it is tried again to have a launcher. */
const RETRY_MS = 1000;

/** What it works with. */
export interface LaunchersParts {
  readonly run: RunDirectory;
  /** `listen` of the configuration. */
  readonly listen: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly onExited: (exit: WorkerExit) => void;
  /** The launcher is gone: the ends of its workers are told by nobody. */
  readonly onLost: () => void;
  /** Workers without a launcher hold the address, and have to let go of it. */
  readonly freeAddress: () => void;
  /** There is another one: what is missing can be started. */
  readonly onReplaced: () => void;
}

/** The launcher of this moment. */
export class Launchers implements Closeable {
  readonly #parts: LaunchersParts;
  #current: LauncherClient | undefined;
  #spare: LauncherClient | undefined;
  #bound: BoundSocket | undefined;
  #spareComing: Promise<void> | undefined;
  #isClosed = false;

  constructor(parts: LaunchersParts) {
    this.#parts = parts;
  }

  /** @throws {launcher_failed} If there is none now. */
  get current(): LauncherClient {
    if (this.#current === undefined)
      throw new HostError('launcher_failed', { reason: 'it is gone' });
    return this.#current;
  }

  /** Undefined if there is none now. */
  get pid(): number | undefined {
    return this.#current?.view.pid;
  }

  /** The workers that it has; none if there is no launcher now. */
  async workers(): Promise<LauncherView['workers']> {
    return (await this.#current?.describe())?.workers ?? [];
  }

  /** Takes over the one that is there. Undefined if there is none. */
  async find(): Promise<LauncherClient | undefined> {
    this.#current = await this.#connect(this.#parts.run.launcherSocket);
    if (this.#current !== undefined) this.#keepSpare();
    return this.#current;
  }

  /**
   * Starts one, where `find` found none.
   *
   * @param mayBeHeld Whether workers of a launcher that is gone may hold the address: they are drained.
   * @throws {listen_failed} If the address cannot be had.
   * @throws {launcher_failed} If it does not start.
   */
  async start(mayBeHeld: boolean): Promise<void> {
    const { run, listen, clock, freeAddress } = this.#parts;
    const endMs = clock.monotonicMs() + FREE_MS;
    while (this.#bound === undefined) {
      try {
        this.#bound = await bindSocket(listen);
      } catch (error) {
        if (!mayBeHeld || clock.monotonicMs() > endMs) throw error;
        freeAddress();
        await delay(FREE_LOOK_MS);
      }
    }
    this.#current = await LauncherClient.start(run.launcherSocket, this.#bound, this.#events());
  }

  /** Ends the launcher when its last worker has ended. */
  end(): void {
    this.#current?.end();
  }

  /** Kills it; its workers go on. */
  endNow(): void {
    this.#isClosed = true;
    this.#current?.endNow();
  }

  /** Leaves it alone, as it is; a spare one ends. */
  leave(): void {
    this.#isClosed = true;
    this.#current?.disconnect();
    this.#spare?.disconnect();
  }

  /** Replaces it no more. */
  close(): void {
    this.#isClosed = true;
    this.#spare?.disconnect();
    this.#bound?.close();
  }

  #events(): Parameters<typeof LauncherClient.find>[1] {
    return {
      onExited: this.#parts.onExited,
      onLost: (client) => this.#handleLoss(client),
    };
  }

  #connect(path: string): Promise<LauncherClient | undefined> {
    return LauncherClient.find(path, this.#events());
  }

  #handleLoss(client: LauncherClient): void {
    if (this.#isClosed) return;
    if (client === this.#spare) {
      this.#spare = undefined;
      this.#trySpareLater();
    }
    if (client !== this.#current) return;
    this.#current = undefined;
    void this.#replace();
  }

  /** The workers go on without it, but new ones need another: it is tried until there is one. */
  async #replace(): Promise<void> {
    const { log, onLost, onReplaced } = this.#parts;
    log.error('the launcher is gone: starting another one');
    onLost();
    while (!this.#isClosed) {
      try {
        await this.#findAnother();
        log.info('another launcher is there');
        return onReplaced();
      } catch (err) {
        log.error({ err }, 'the launcher cannot be replaced');
        await delay(RETRY_MS);
      }
    }
  }

  async #findAnother(): Promise<void> {
    if (await this.#useSpare()) return;
    // Without the bound socket at hand it is only free when all that listen on it have stopped.
    const mustFree = this.#bound === undefined;
    if (mustFree) this.#parts.freeAddress();
    await this.start(mustFree);
    // Nobody would end what came too late.
    if (this.#isClosed) this.#current?.end();
  }

  async #useSpare(): Promise<boolean> {
    // It holds the socket also if the one that started it is gone.
    await this.#spareComing;
    const spare = this.#spare;
    if (spare === undefined) return false;
    this.#spare = undefined;
    try {
      await spare.takeOver(this.#parts.run.launcherSocket);
    } catch (err) {
      this.#parts.log.warn({ err }, 'the spare launcher is of no use');
      spare.disconnect();
      return false;
    }
    this.#current = spare;
    this.#keepSpare();
    return true;
  }

  /** Has a spare one, unless the socket is at hand. */
  #keepSpare(): void {
    if (this.#isClosed || this.#bound !== undefined || this.#spare !== undefined) return;
    this.#spareComing ??= this.#startSpare().finally(() => (this.#spareComing = undefined));
  }

  async #startSpare(): Promise<void> {
    const { run, log } = this.#parts;
    try {
      const spare = await this.current.startSpare(run.spareSocket, this.#events());
      if (this.#isClosed) return spare.disconnect();
      this.#spare = spare;
      log.info('a spare launcher is there');
    } catch (err) {
      log.warn({ err }, 'there is no spare launcher');
      this.#trySpareLater();
    }
  }

  #trySpareLater(): void {
    setTimeout(() => this.#keepSpare(), SPARE_MS).unref();
  }
}
