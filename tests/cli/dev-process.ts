/** `faas dev` as a process of its own, read by what it tells. */
import { rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';
import '../support/plain-spawn.ts';
import { checkOutput } from './check-output.ts';
import { PATH_ONLY } from './fake-project.ts';
import { startFaas, type FaasProcess } from './run-faas.ts';

/** An event as `--format json` writes it. */
export interface Told {
  readonly event: string;
  readonly [key: string]: unknown;
}

/** `faas dev` under way. */
export interface Dev {
  readonly child: FaasProcess;
  /** The next event of a kind; those before it are passed over. */
  next(kind: string): Promise<Told>;
  /** Everything until it ends. */
  rest(): Promise<readonly Told[]>;
}

/** Starts it on a free port; what it builds finds Node on the PATH. */
export function startDev(t: Test, args: readonly string[]): Dev {
  const child = startFaas(['dev', '--format', 'json', '--listen', '127.0.0.1:0', ...args], {
    environment: PATH_ONLY,
  });
  t.teardown(() => child.kill('SIGKILL'));
  child.stderr.resume();
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const read = async (): Promise<Told | undefined> => {
    const { value, done } = await lines.next();
    if (done === true) return undefined;
    const told = JSON.parse(value) as Told;
    checkOutput('dev', told);
    return told;
  };
  return {
    child,
    next: async (kind) => {
      for (;;) {
        const told = await read();
        if (told === undefined) throw new Error(`it ended before "${kind}"`);
        if (told.event === kind) return told;
        if (told.event === 'error') throw new Error(JSON.stringify(told));
      }
    },
    rest: async () => {
      const all: Told[] = [];
      for (let told = await read(); told !== undefined; told = await read()) all.push(told);
      return all;
    },
  };
}

/** Where a deployed function is. */
export function urlOf({ urls }: Told): string {
  return (urls as string[])[0] ?? '';
}

/** Changes a file in one step: a build that begins meanwhile finds the old text or the new, never half of it. */
export async function replaceFile(file: string, text: string): Promise<void> {
  const aside = join(dirname(dirname(file)), `.#${basename(file)}`);
  await writeFile(aside, text);
  await rename(aside, file);
}
