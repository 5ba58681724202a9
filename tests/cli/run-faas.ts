/** Runs `faas` as a person does: a process of its own, its output read to the end. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { runCli } from '../../cli/program.ts';
import { Terminal, type TextStream } from '../../cli/terminal.ts';

const FAAS = join(import.meta.dirname, '..', '..', 'cli', 'faas.js');

/** How a command ended. */
export interface FaasRun {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a command is started with, besides its arguments. */
export interface FaasOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
}

/** A command under way. */
export type FaasProcess = ChildProcessByStdio<Writable, Readable, Readable>;

/** Starts a command with nothing of this process's environment that could lead it to another host. */
export function startFaas(args: readonly string[], options: FaasOptions = {}): FaasProcess {
  const { PATH = '', HOME = '/nonexistent' } = process.env;
  return spawn(process.execPath, [FAAS, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH, HOME, XDG_DATA_HOME: '/nonexistent', ...options.environment },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
}

/** Runs a command to its end. */
export async function runFaas(
  args: readonly string[],
  options: FaasOptions = {},
): Promise<FaasRun> {
  const child = startFaas(args, options);
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
  ]);
  return { code, signal, stdout, stderr };
}

/** Runs a command in this process: quicker, for tables of many. stdin is no terminal. */
export async function runHere(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  version = '0.0.0',
): Promise<FaasRun> {
  const stdout: Uint8Array[] = [];
  const stderr: Uint8Array[] = [];
  const code = await runCli(args, {
    terminal: new Terminal(collector(stdout), collector(stderr), environment),
    environment: { XDG_DATA_HOME: '/nonexistent', ...environment },
    stdin: Readable.from([]) as NodeJS.ReadStream,
    version,
    onInterrupt: () => new AbortController().signal,
  });
  const [out, notes] = [Buffer.concat(stdout).toString(), Buffer.concat(stderr).toString()];
  return { code, signal: null, stdout: out, stderr: notes };
}

function collector(chunks: Uint8Array[]): TextStream {
  return {
    write: (chunk, done) => {
      chunks.push(Buffer.from(chunk));
      done();
      return true;
    },
  };
}
