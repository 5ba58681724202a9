/**
 * A worker's connection to the supervisor. When that is gone the worker goes on, and looks for a new one: each
 * connection begins with an introduction.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Closeable } from '../base/closeable.ts';
import { HostError } from '../base/errors.ts';
import type { Log } from '../logs/log.ts';
import { RpcLink, type RpcHandler } from '../links/rpc-link.ts';
import { connectToPath } from '../links/unix-socket.ts';
import type { Dismissal, Hello, Welcome } from './worker-messages.ts';

/** How often a supervisor is looked for. */
const LOOK_MS = 50;
/** How long one has to answer an introduction. */
const HELLO_MS = 10_000;

/** What a link is opened with. */
export interface SupervisorLinkOptions {
  readonly socketPath: string;
  readonly handlers: Readonly<Record<string, RpcHandler>>;
  readonly hello: () => Hello;
  /** A supervisor has answered. */
  readonly onWelcome: (welcome: Welcome, link: SupervisorLink) => void;
  /** There is none any more. */
  readonly onLost: () => void;
  readonly log: () => Log;
}

/** Whoever is the supervisor now. */
export class SupervisorLink implements Closeable {
  readonly #options: SupervisorLinkOptions;
  #link: RpcLink | undefined;
  #isClosed = false;

  private constructor(options: SupervisorLinkOptions) {
    this.#options = options;
  }

  /** Connects for the first time: without a supervisor there is nothing to do. */
  static async open(options: SupervisorLinkOptions): Promise<SupervisorLink> {
    const link = new SupervisorLink(options);
    await link.#connect();
    return link;
  }

  /** Whether a supervisor is there. */
  get isConnected(): boolean {
    return this.#link !== undefined;
  }

  /** @throws {link_lost} If there is no supervisor. */
  call(method: string, params: unknown, timeoutMs?: number): Promise<unknown> {
    if (this.#link === undefined) return Promise.reject(new HostError('link_lost', { method }));
    return this.#link.call(method, params, timeoutMs);
  }

  /** Lost if there is no supervisor. */
  notify(method: string, params: unknown): void {
    this.#link?.notify(method, params);
  }

  close(): void {
    this.#isClosed = true;
    this.#link?.close();
  }

  async #connect(): Promise<void> {
    const { socketPath, handlers, hello, onWelcome, log } = this.#options;
    while (!this.#isClosed) {
      const socket = await connectToPath(socketPath).catch(() => undefined);
      if (socket === undefined) {
        await delay(LOOK_MS);
        continue;
      }
      const link = new RpcLink(socket, {
        handlers,
        onClose: () => this.#handleLoss(link),
        onNoticeFailed: (method, err) =>
          log().error({ err, method }, 'a notice was not understood'),
      });
      try {
        const answer = await link.call('worker.hello', hello(), HELLO_MS);
        // What is sent from here on is sent to somebody who knows who sends it.
        this.#link = link;
        // Who is sent away goes on as without a supervisor until it is told to drain.
        if (isDismissal(answer)) log().warn('the supervisor does not take this worker');
        else onWelcome(answer as Welcome, this);
        return;
      } catch (error) {
        link.close();
        log().warn({ err: error }, 'the supervisor does not answer this worker');
        await delay(LOOK_MS);
      }
    }
  }

  #handleLoss(link: RpcLink): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    this.#options.onLost();
    if (this.#isClosed) return;
    this.#options.log().warn('the supervisor is gone: serving on with what is known');
    void this.#connect();
  }
}

function isDismissal(answer: unknown): answer is Dismissal {
  return typeof answer === 'object' && answer !== null && 'dismissed' in answer;
}
