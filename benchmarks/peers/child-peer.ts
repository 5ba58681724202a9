/** A peer that is a process of the system: started with a command line, ended with a signal. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { RunningPeer } from './peer.ts';

/** Starts it. Resolves before it answers. */
export function startChild(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): RunningPeer {
  const child = spawn(command, args, {
    stdio: 'ignore',
    env: { ...process.env, NODE_OPTIONS: '', ...environment },
  });
  const ended = once(child, 'exit').catch(() => {});
  // A benchmark that is broken off leaves nobody behind.
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  return {
    stop: async () => {
      process.off('exit', kill);
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** First line that a program says when asked for its version; undefined if there is none of that name. */
export function versionOf(command: string): string | undefined {
  const { status, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.split('\n')[0] : undefined;
}
