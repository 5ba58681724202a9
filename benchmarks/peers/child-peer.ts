/** A peer that is a process of the system: started with a command line, ended with a signal. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { RunningPeer } from './peer.ts';

/** A benchmark that is broken off leaves nobody behind. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) killGroup(child);
});

/** Starts it. Resolves before it answers. */
export function startChild(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): RunningPeer {
  const child = spawn(command, args, {
    stdio: 'ignore',
    env: { ...process.env, NODE_OPTIONS: '', ...environment },
    // A group of its own, to be ended as one: jco serves from a process that outlives the one that was started.
    detached: true,
  });
  const ended = once(child, 'exit').catch(() => {});
  running.add(child);
  return {
    ended,
    stop: async () => {
      killGroup(child);
      await ended;
      running.delete(child);
    },
  };
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody of it is left.
  }
}

/** First line that a program says when asked for its version; undefined if there is none of that name. */
export function versionOf(command: string): string | undefined {
  const { status, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.split('\n')[0] : undefined;
}
