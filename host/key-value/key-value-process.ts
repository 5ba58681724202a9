/**
 * Starts the driver's process when it is first needed and keeps it running: when it ends it is started again, at
 * once at first and then less and less often. One host has one such process; those who call it find it by its socket.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { Closeable } from '../base/closeable.ts';
import { modulePath } from '../base/package-roots.ts';
import type { Log } from '../logs/log.ts';
import type { KeyValueJob } from './key-value-main.ts';
import type { KeyValueLimits } from './key-value-store.ts';
import { makeSocketFolder } from '../links/socket-folder.ts';
import { keyValueSocketPath } from './socket-path.ts';

/** What the process is started with. */
export interface KeyValueProcessOptions {
  /** Data directory of the host, which holds its lock. */
  readonly dataDir: string;
  readonly limits: KeyValueLimits;
  readonly clock: Clock;
  readonly log: Log;
}

/** A process that ran so long is started again at once. */
const STEADY_MS = 10_000;
/** Longest pause between two starts. */
const MAX_PAUSE_MS = 5000;
/** Time that the process has to commit what waits when the host closes. */
const CLOSE_MS = 5000;
/** Kept of what it writes to stderr before it ends. */
const MAX_STDERR = 4000;

/** Path of the database in a data directory. */
export function keyValueDatabasePath(dataDir: string): string {
  return join(dataDir, 'key-value', 'store.sqlite');
}

/** The driver's process of a host. */
export class KeyValueProcess implements Closeable {
  readonly #options: KeyValueProcessOptions;
  #child: ChildProcess | undefined;
  #isWanted = false;
  #isClosed = false;
  #pauseMs = 0;
  #stopTimer: () => void = () => {};

  constructor(options: KeyValueProcessOptions) {
    this.#options = options;
  }

  /** Id of the process that runs now, for tests and people. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** It is needed from now on. Returns at once; who calls it waits for its socket. Idempotent. */
  start(): void {
    if (this.#isWanted || this.#isClosed) return;
    this.#isWanted = true;
    this.#spawn();
  }

  /** Lets it commit what waits, and ends it. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopTimer();
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.stdin?.end();
    const stopTimer = this.#options.clock.after(CLOSE_MS, () => child.kill('SIGKILL'));
    await ended;
    stopTimer();
  }

  #spawn(): void {
    const { dataDir, limits, clock, log } = this.#options;
    const databasePath = keyValueDatabasePath(dataDir);
    const startedMs = clock.monotonicMs();
    const socketPath = keyValueSocketPath(dataDir);
    try {
      mkdirSync(dirname(databasePath), { recursive: true, mode: 0o700 });
      makeSocketFolder(dirname(socketPath));
    } catch (error) {
      return this.#restart(`its folder cannot be made: ${String(error)}`, startedMs);
    }
    const job: KeyValueJob = { databasePath, socketPath, limits };
    const args = [modulePath('key-value/key-value-main'), JSON.stringify(job)];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    let printed = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      printed = (printed + text).slice(-MAX_STDERR);
    });
    child.stdout.once('data', () => log.debug({ pid: child.pid }, 'key-value process is ready'));
    // Writing to a process that is gone fails here; its end is handled below.
    child.stdin.on('error', () => {});
    let hasEnded = false;
    const onEnd = (reason: string): void => {
      if (hasEnded) return;
      hasEnded = true;
      this.#restart(printed.trim() === '' ? reason : `${reason}: ${printed.trim()}`, startedMs);
    };
    child.once('error', (error) => onEnd(error.message));
    child.once('close', (code, signal) => onEnd(`it ended with ${String(code ?? signal)}`));
    return undefined;
  }

  #restart(reason: string, startedMs: number): void {
    if (this.#isClosed) return;
    const { clock, log } = this.#options;
    const wasSteady = clock.monotonicMs() - startedMs >= STEADY_MS;
    this.#pauseMs = wasSteady ? 0 : Math.min(this.#pauseMs * 2 + 50, MAX_PAUSE_MS);
    log.error({ reason, restartMs: this.#pauseMs }, 'key-value process ended, starting it again');
    this.#stopTimer = clock.after(this.#pauseMs, () => this.#spawn());
  }
}
