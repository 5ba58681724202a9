/** Starts a script of the tests in a process of its own, to be killed at a known moment or waited for. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Node's own options of the test runner would only slow the children down. */
const environment = { ...process.env, NODE_OPTIONS: '' };

/** Starts `node SCRIPT ARGS…`. */
export function startChild(script: URL, args: readonly string[]): ChildProcess {
  const parameters = [fileURLToPath(script), ...args];
  return spawn(process.execPath, parameters, {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Runs the script until it has printed `count` lines, kills it with SIGKILL and gives all lines it printed. */
export async function killAfterLines(
  script: URL,
  args: readonly string[],
  count: number,
): Promise<string[]> {
  const child = startChild(script, args);
  const exited = once(child, 'exit');
  const lines: string[] = [];
  if (child.stdout === null) throw new Error('no stdout');
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (lines.length === count) child.kill('SIGKILL');
  }
  const [, signal] = await exited;
  if (signal !== 'SIGKILL')
    throw new Error(`the child ended by itself after ${lines.length} lines`);
  return lines;
}

/** Runs a shell command line with `node SCRIPT ARGS…` as "$@"; gives its exit code (-1 for a signal) and stdout. */
export async function runInShell(
  commandLine: string,
  script: URL,
  args: readonly string[],
): Promise<{ code: number; output: string }> {
  // The test runner's wrapper puts its options back, and its signal handlers change what limits do.
  const parameters = [
    '-c',
    `unset NODE_OPTIONS; ${commandLine}`,
    'sh',
    process.execPath,
    fileURLToPath(script),
    ...args,
  ];
  const child = spawn('sh', parameters, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  let output = '';
  for await (const chunk of child.stdout) output += String(chunk);
  const [code] = await exited;
  return { code: typeof code === 'number' ? code : -1, output };
}
