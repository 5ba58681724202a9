/**
 * `faas` as a user starts it: `node cli/faas.js …` in a process of its own, with its output, its signals
 * and its exit code. A host counts as started when it has printed its `ready` line.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import '../support/plain-spawn.ts';
import { HostClient } from './host-client.ts';

const FAAS = fileURLToPath(new URL('../../cli/faas.js', import.meta.url));

/** Time that something may take which depends on events and not on a clock. */
const PATIENCE_MS = 30_000;
/** How long is waited for output: less than a test file may take, so that it is said what did not come. */
const OUTPUT_MS = 100_000;

/** What runs: a test that is ended by its time limit leaves no host behind. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** What a command came to. */
export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a command is started. */
export interface StartOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Program and arguments that start Node in their turn. */
  readonly wrapper?: readonly string[];
  readonly input?: string | Uint8Array;
  /** User and group the process gets. */
  readonly userId?: number;
}

/** A running command. */
export class FaasProcess {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  readonly #finished: Promise<Finished>;
  /** Resolves when there is more output, or no more. */
  #change = Promise.withResolvers<void>();

  constructor(args: readonly string[], options: StartOptions = {}) {
    const { environment = {}, wrapper = [], input, userId } = options;
    const [program = process.execPath, ...rest] = [...wrapper, process.execPath, FAAS, ...args];
    this.child = spawn(program, rest, {
      // Nothing of the machine's own settings: a token or a data directory of whoever runs the tests.
      env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(userId === undefined ? {} : { uid: userId, gid: userId }),
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#read('stdout', text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#read('stderr', text));
    running.add(this.child);
    this.child.on('close', () => {
      running.delete(this.child);
      this.#wake();
    });
    this.child.stdin?.on('error', () => {}).end(input);
    this.#finished = once(this.child, 'close').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
  }

  /** Waits for its end. */
  finished(): Promise<Finished> {
    return this.#finished;
  }

  /** Sends a signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<Finished> {
    this.child.kill(signal);
    return this.#finished;
  }

  /** Waits until stdout or stderr matches. @throws {Error} With the output, if that takes minutes. */
  async until(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray> {
    const endMs = performance.now() + OUTPUT_MS;
    const timer = setTimeout(() => this.#wake(), OUTPUT_MS + 1);
    try {
      return await this.#untilMatched(stream, pattern, endMs);
    } finally {
      clearTimeout(timer);
    }
  }

  async #untilMatched(
    stream: 'stdout' | 'stderr',
    pattern: RegExp,
    endMs: number,
  ): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this[stream]);
      if (match !== null) return match;
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        throw new Error(`ended without ${String(pattern)}: ${this.stdout}${this.stderr}`);
      }
      if (performance.now() >= endMs) {
        throw new Error(`does not print ${String(pattern)}: ${this.stdout}${this.stderr}`);
      }
      await this.#change.promise;
    }
  }

  #read(stream: 'stdout' | 'stderr', text: string): void {
    this[stream] += text;
    this.#wake();
  }

  #wake(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}

/** A host in a process of its own. */
export interface HostProcess extends HostClient {
  readonly process: FaasProcess;
  readonly dataDir: string;
}

/** Runs a command to its end. */
export function runFaas(args: readonly string[], options: StartOptions = {}): Promise<Finished> {
  return new FaasProcess(args, options).finished();
}

/** Starts `faas serve` with one worker (other `--workers` in `args` win) on free ports and waits until it is ready. It is killed with the test. */
export async function startHostProcess(
  t: Test,
  dataDir: string,
  args: readonly string[] = [],
  options: StartOptions & { readonly readToken?: (pid: number) => Promise<string> } = {},
): Promise<HostProcess> {
  const ports = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'];
  // One process, unless the test is about several: it starts faster.
  const workers = args.includes('--workers') ? [] : ['--workers', '1'];
  const flags = ['--data-dir', dataDir, ...ports, ...workers, ...args];
  const process = new FaasProcess(['serve', ...flags], options);
  t.teardown(() => process.end('SIGKILL'));
  const [, dataUrl = '', adminUrl = ''] = await process.until(
    'stdout',
    /^ready data=(https?:\S+) admin=(\S+)$/m,
  );
  const readToken = options.readToken ?? (() => readFile(join(dataDir, 'admin-token'), 'utf8'));
  const token = (await readToken(process.child.pid ?? 0)).trim();
  const client = new HostClient({ dataUrl, adminUrl, token });
  t.teardown(() => client[Symbol.asyncDispose]());
  return Object.assign(client, { process, dataDir });
}

/** Waits until a process has no child that prepares an artifact. */
export async function untilNonePrepares(parentPid: number): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const left = (await listPreparing()).filter(({ parent }) => parent === parentPid);
    if (left.length === 0) return;
    if (performance.now() > endMs) throw new Error(`${left[0]?.pid} prepares on`);
    await delay(20);
  }
}

/** Processes that prepare an artifact, whoever started them. */
export async function listPreparing(): Promise<readonly { pid: number; parent: number }[]> {
  const ps = spawn('ps', ['-eo', 'pid=,ppid=,args=']);
  const found: { pid: number; parent: number }[] = [];
  for await (const line of createInterface({ input: ps.stdout })) {
    const [pid = 0, parent = 0] = line.trim().split(/\s+/, 2).map(Number);
    if (line.includes('prepare-child')) found.push({ pid, parent });
  }
  return found;
}
