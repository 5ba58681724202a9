/** Runs one command line in the shell of the system. What it writes goes where our own notes go: to stderr. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Time to end after SIGTERM before SIGKILL. */
const GRACE_MS = 2000;

/** Where and how it runs. */
export interface ShellOptions {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /**
   * Ends the command, and all that it has started, when it aborts. The command has then a process group of its
   * own, which a Ctrl-C in the terminal does not reach; without a signal it is in ours, which it does.
   */
  readonly signal?: AbortSignal | undefined;
}

/** How it ended: exactly one of both is not null. */
export interface ShellResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Runs it to its end. */
export async function runShell(command: string, options: ShellOptions): Promise<ShellResult> {
  const { cwd, environment, signal } = options;
  const detached = signal !== undefined && process.platform !== 'win32';
  const child = spawn(command, {
    cwd,
    env: environment,
    shell: true,
    detached,
    // The streams themselves: tools show colours and progress on a terminal only.
    stdio: ['ignore', 2, 2],
  });
  const onAbort = (): void => endGroup(child, detached);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    if (signal?.aborted === true) onAbort();
    const [code, ended] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return { code, signal: ended };
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

function endGroup(child: ChildProcess, detached: boolean): void {
  send(child, detached, 'SIGTERM');
  const timer = setTimeout(() => send(child, detached, 'SIGKILL'), GRACE_MS);
  child.once('exit', () => {
    clearTimeout(timer);
    // The shell is gone; what it had started and what did not listen goes now.
    send(child, detached, 'SIGKILL');
  });
}

function send(child: ChildProcess, detached: boolean, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (detached) process.kill(-child.pid, signal);
    else child.kill(signal);
  } catch {
    // It has ended already.
  }
}
