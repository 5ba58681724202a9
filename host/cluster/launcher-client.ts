/** The supervisor's side of the launcher: finds the one that is there, or starts one. */
import { spawn } from 'node:child_process';
import type { BoundSocket } from 'node:net';
import { HostError } from '../base/errors.ts';
import { modulePath } from '../base/package-roots.ts';
import { RpcLink } from '../links/rpc-link.ts';
import { connectToPath } from '../links/unix-socket.ts';
import { LISTEN_FD } from './launcher.ts';
import type { LauncherView, WorkerExit, WorkerSpec } from './launcher-messages.ts';

/** How long a launcher has to start, ms: a Node process on a busy machine. */
const START_MS = 20_000;
const LOOK_MS = 10;
/** How long it has for an answer. */
const CALL_MS = 10_000;

/** What the supervisor wants to know of the launcher. */
export interface LauncherEvents {
  onExited(exit: WorkerExit): void;
  /** The launcher is gone; its workers are not. */
  onLost(launcher: LauncherClient): void;
}

/** A connected launcher. */
export class LauncherClient {
  /** What it said when it was found. */
  readonly view: LauncherView;
  readonly #link: RpcLink;

  private constructor(link: RpcLink, view: LauncherView) {
    this.#link = link;
    this.view = view;
  }

  /** Connects to the launcher that is there. @returns Undefined if there is none. */
  static async find(path: string, events: LauncherEvents): Promise<LauncherClient | undefined> {
    const socket = await connectToPath(path);
    if (socket === undefined) return undefined;
    const handlers = {
      'launcher.exited': (params: unknown) => events.onExited(params as WorkerExit),
    };
    let client: LauncherClient | undefined;
    const onClose = (): void => {
      if (client !== undefined) events.onLost(client);
    };
    const link = new RpcLink(socket, { handlers, onClose });
    try {
      const view = (await link.call('launcher.describe', {}, CALL_MS)) as LauncherView;
      client = new LauncherClient(link, view);
      return client;
    } catch (error) {
      link.close();
      // It was about to end: of what a process has open, one thing is closed after another.
      if (error instanceof HostError && error.code === 'link_lost') return undefined;
      throw error;
    }
  }

  /**
   * Starts one, in a session of its own: signals of a terminal do not reach it.
   *
   * @param path Its socket.
   * @param bound What it holds, and gives to the workers.
   */
  static async start(
    path: string,
    bound: BoundSocket,
    events: LauncherEvents,
  ): Promise<LauncherClient> {
    const stdio: ('ignore' | 'inherit' | number)[] = ['ignore', 'ignore', 'inherit'];
    stdio[LISTEN_FD] = bound.fd();
    const { address, port } = bound.address();
    const script = modulePath('cluster/launcher-main');
    const child = spawn(process.execPath, [script, path, address, String(port)], {
      detached: true,
      stdio,
      env: {},
    });
    child.unref();
    const failures: string[] = [];
    child.once('error', (error) => failures.push(error.message));
    child.once('exit', (code, signal) =>
      failures.push(`it ended with ${signal ?? `code ${code}`}`),
    );
    const found = await LauncherClient.#await(path, events, () => failures.length > 0);
    if (found !== undefined) return found;
    child.kill('SIGKILL');
    throw new HostError('launcher_failed', { reason: failures[0] ?? 'it does not answer' });
  }

  /** Looks until one is there. Undefined if that takes too long. */
  static async #await(
    path: string,
    events: LauncherEvents,
    isVain: () => boolean,
  ): Promise<LauncherClient | undefined> {
    for (let waitedMs = 0; waitedMs < START_MS && !isVain(); waitedMs += LOOK_MS) {
      const found = await LauncherClient.find(path, events);
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return undefined;
  }

  describe(): Promise<LauncherView> {
    return this.#link.call('launcher.describe', {}, CALL_MS) as Promise<LauncherView>;
  }

  async startWorker(spec: WorkerSpec): Promise<number> {
    const { pid } = (await this.#link.call('launcher.start', spec, CALL_MS)) as { pid: number };
    return pid;
  }

  /**
   * Has it start a spare one, which holds the bound socket too and ends when it is left alone.
   *
   * @param path Socket of the spare one.
   */
  async startSpare(path: string, events: LauncherEvents): Promise<LauncherClient> {
    await this.#link.call('launcher.startSpare', { path }, CALL_MS);
    const spare = await LauncherClient.#await(path, events, () => false);
    if (spare !== undefined) return spare;
    throw new HostError('launcher_failed', { reason: 'the spare one does not answer' });
  }

  /** A spare one is the launcher from now on, found at `path`. */
  async takeOver(path: string): Promise<void> {
    await this.#link.call('launcher.takeOver', { path }, CALL_MS);
  }

  /** Ends the workers that are left, and then itself. */
  end(): void {
    this.#link.notify('launcher.end', {});
  }

  /** Leaves it alone. */
  disconnect(): void {
    this.#link.close();
  }

  /** Ends it at once; its workers go on. */
  endNow(): void {
    process.kill(this.view.pid, 'SIGKILL');
  }
}
