/**
 * The launcher: a small process that holds the listening socket and is the parent of the workers, so that neither
 * depends on the supervisor. While no supervisor is connected it starts again the workers that end by themselves.
 *
 * Methods: `launcher.describe`, `launcher.start`, `launcher.end`, `launcher.startSpare`; it tells `launcher.exited`. A spare
 * launcher only holds the socket, for a supervisor that does not; `launcher.takeOver` makes it one like any other.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Server, Socket } from 'node:net';
import { HostError } from '../base/errors.ts';
import { modulePath } from '../base/package-roots.ts';
import type { ListenAddress } from '../config/listen-address.ts';
import { RpcLink } from '../links/rpc-link.ts';
import { listenOnPath } from '../links/unix-socket.ts';
import type { LauncherView, WorkerExit, WorkerSpec } from './launcher-messages.ts';

/** Descriptor of the bound socket, here and in the workers. */
export const LISTEN_FD = 3;

/** Last argument of a spare launcher. */
export const SPARE_ROLE = 'spare';

/** How soon a worker is started again while nobody watches. */
const RESTART_MS = 500;

/** How long a spare one waits for its supervisor. */
const LONELY_MS = 20_000;

/** What a launcher is made with. */
export interface LauncherOptions {
  /** Where the socket that it holds is bound. */
  readonly address: ListenAddress;
  /** It ends when nobody is connected any more, unless it takes over. */
  readonly isSpare: boolean;
  /** Called once, when it is to end and no worker is left. */
  readonly onEnd: () => void;
}

interface Child {
  readonly spec: WorkerSpec;
  readonly process: ChildProcess;
  /** Somebody asked for its end. */
  isEnding: boolean;
}

/** State of the launcher process. */
export class Launcher {
  readonly #children = new Map<string, Child>();
  readonly #links = new Set<RpcLink>();
  readonly #address: ListenAddress;
  readonly #onEnd: () => void;
  #server: Server | undefined;
  #isSpare: boolean;
  #isEnding = false;

  constructor({ address, isSpare, onEnd }: LauncherOptions) {
    this.#address = address;
    this.#isSpare = isSpare;
    this.#onEnd = onEnd;
    if (isSpare) setTimeout(() => this.#endIfSpare(), LONELY_MS).unref();
  }

  /** Listens for the supervisor. */
  async listen(path: string): Promise<void> {
    this.#server = await listenOnPath(path, (socket) => this.#accept(socket));
  }

  /** Tells every worker to drain, and ends with the last one. */
  end(): void {
    this.#isEnding = true;
    for (const child of this.#children.values()) this.#kill(child, 'SIGTERM');
    this.#endIfDone();
  }

  #accept(socket: Socket): void {
    const link = new RpcLink(socket, {
      handlers: {
        'launcher.describe': () => this.#describe(),
        'launcher.start': (params) => this.#start(params as WorkerSpec),
        'launcher.end': () => this.end(),
        'launcher.startSpare': (params) => this.#startSpare((params as { path: string }).path),
        'launcher.takeOver': (params) => this.#takeOver((params as { path: string }).path),
      },
      onClose: () => {
        this.#links.delete(link);
        this.#endIfSpare();
      },
    });
    this.#links.add(link);
  }

  #describe(): LauncherView {
    const workers = [...this.#children].map(([id, { process: child }]) => ({
      id,
      pid: child.pid ?? 0,
    }));
    return { pid: process.pid, address: this.#address, workers };
  }

  #start(spec: WorkerSpec): Promise<{ pid: number }> {
    if (this.#isEnding) throw new HostError('host_closing');
    const child = spawn(process.execPath, spec.arguments, {
      stdio: ['ignore', 'ignore', 'inherit', LISTEN_FD],
      env: spec.environment,
    });
    const entry: Child = { spec, process: child, isEnding: false };
    return new Promise((resolve, reject) => {
      child.once('spawn', () => {
        this.#children.set(spec.id, entry);
        resolve({ pid: child.pid ?? 0 });
      });
      // Later errors (a signal that could not be sent) say nothing that its exit does not.
      child.on('error', reject);
      child.once('exit', (code, signal) => this.#handleExit(entry, code, signal));
    });
  }

  /** It outlives this process, as workers do, but not its supervisor. */
  #startSpare(path: string): Promise<void> {
    const { host, port } = this.#address;
    const args = [modulePath('cluster/launcher-main'), path, host, String(port), SPARE_ROLE];
    const spare = spawn(process.execPath, args, {
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', LISTEN_FD],
      env: {},
    });
    spare.unref();
    return new Promise((resolve, reject) => {
      spare.once('spawn', resolve);
      spare.once('error', reject);
    });
  }

  async #takeOver(path: string): Promise<void> {
    const before = this.#server;
    this.#isSpare = false;
    // Removes its socket as well, so that the next spare one finds the place free.
    before?.close();
    await this.listen(path);
  }

  #kill(child: Child, signal: NodeJS.Signals): void {
    child.isEnding = true;
    child.process.kill(signal);
  }

  #handleExit(child: Child, code: number | null, signal: NodeJS.Signals | null): void {
    const { spec, isEnding } = child;
    if (this.#children.get(spec.id) === child) this.#children.delete(spec.id);
    const exit: WorkerExit = { id: spec.id, pid: child.process.pid ?? 0, code, signal };
    for (const link of this.#links) link.notify('launcher.exited', exit);
    const isAlone = this.#links.size === 0;
    if (isAlone && !isEnding && code !== 0) setTimeout(() => this.#startAgain(spec), RESTART_MS);
    this.#endIfDone();
  }

  #startAgain(spec: WorkerSpec): void {
    // A supervisor that came in the meantime counts its workers itself.
    if (this.#links.size > 0 || this.#isEnding) return;
    this.#start(spec).catch(() => setTimeout(() => this.#startAgain(spec), RESTART_MS));
  }

  #endIfSpare(): void {
    if (this.#isSpare && this.#links.size === 0) this.end();
  }

  #endIfDone(): void {
    if (!this.#isEnding || this.#children.size > 0) return;
    this.#server?.close();
    for (const link of this.#links) link.close();
    this.#onEnd();
  }
}
