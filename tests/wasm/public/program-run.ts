/** Runs a test program in one of the ways of `run-program.ts` and reads what it says about itself. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/** How a program runs: as it was built, rewritten, or rewritten and suspended again and again. */
export type ProgramMode = 'untouched' | 'rewritten' | 'yielding';

/** How it ended. */
export interface ProgramRun {
  readonly exitCode: number | null;
  /** What it wrote, without times, addresses and stack traces. */
  readonly output: string;
  /** Tests that passed. */
  readonly passed: number;
  /** Times that it was suspended. */
  readonly yielded: number;
}

const RUNNER = join(import.meta.dirname, 'run-program.ts');
/** A test that a program cannot stand: a panic ends all of it, since nothing unwinds. */
const MOST_ENDINGS = 40;
const TIMEOUT_MS = 300_000;

/** Runs it to its end. */
export async function runProgram(
  mode: ProgramMode,
  file: string,
  args: readonly string[],
): Promise<ProgramRun> {
  const { NODE_OPTIONS: _taps, ...env } = process.env;
  const child = spawn(process.execPath, ['--no-warnings', RUNNER, mode, file, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
  });
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return {
    exitCode,
    output: normalise(`${stdout}\n${stderr}`),
    passed: stdout.match(/^test .* \.\.\. ok$/gm)?.length ?? 0,
    yielded: Number(/"yielded":(\d+)/.exec(stderr)?.[1] ?? 0),
  };
}

/** Names of the tests of a Rust program that end it, as they do where nothing unwinds. */
export async function findEndings(file: string): Promise<readonly string[]> {
  const endings: string[] = [];
  while (endings.length < MOST_ENDINGS) {
    const { exitCode, output } = await runProgram('untouched', file, withoutTests(endings));
    const ending = /^test (\S+)(?: - should panic)? \.\.\. (?!ok$|ignored|FAILED$)/m.exec(
      output,
    )?.[1];
    if (exitCode === 0 || ending === undefined) break;
    endings.push(ending);
  }
  return endings;
}

/** Arguments that leave tests of a Rust program out. */
export function withoutTests(names: readonly string[]): readonly string[] {
  return ['--test-threads=1', '--exact', ...names.flatMap((name) => ['--skip', name])];
}

function normalise(output: string): string {
  return output
    .replace(/^checks \{.*\}$/gm, '')
    .replace(/^ +at .*$/gm, '')
    .replace(/wasm:\/\/\S+/g, 'wasm')
    .replace(/^.*run-program\.ts:\d+[^]*?\n\n/m, '')
    .replace(/finished in [\d.]+s/g, 'finished')
    .replace(/\n{2,}/g, '\n');
}
