/** Command line → what to do, or what is wrong with it. */
import { parseArgs } from 'node:util';
import type { Suite, SuiteOptions } from './suite.ts';

/** What was asked for. */
export interface BenchRequest {
  /** `report` only draws what is stored; `guard` compares it, or what it measures itself, with what is committed. */
  readonly command: 'suites' | 'report' | 'guard';
  readonly suites: readonly Suite[];
  readonly options: SuiteOptions;
  /** Where to write the results as JSON. */
  readonly jsonFile: string | undefined;
  /** Whether the results become a directory of their own, with a report. */
  readonly isStored: boolean;
  /** Of stored results, for `report` and `guard`. */
  readonly directory: string | undefined;
}

/** Shown when the command line cannot be read. */
export const USAGE = [
  'npm run bench                      every suite, stored below benchmarks/results/ with a report',
  'npm run bench -- SUITE [options]   one suite, or all of them, and nothing is stored',
  'npm run bench -- report [DIR]      draws report and charts of stored results anew (the last ones)',
  'npm run bench -- guard [DIR]       fails if ratios are worse than the committed ones by more than 25 %:',
  '                                   those of stored results, or measured now',
  '  --quick        few samples, about 40 s a suite; stored below benchmarks/results/local/',
  '  --json FILE    also write everything as JSON',
  '  --only NAMES   measure these examples only: hello-rust,upper-c',
  '  --samples N    this many samples (start: cold starts, throughput: rounds)',
].join('\n');

/** Reads the command line. */
export function parseBenchArguments(
  args: readonly string[],
  suites: readonly Suite[],
): BenchRequest | { readonly problem: string } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        json: { type: 'string' },
        only: { type: 'string' },
        samples: { type: 'string' },
      },
    });
    const options = {
      quick: values.quick,
      only: values.only?.split(',').filter((name) => name !== ''),
      samples: values.samples === undefined ? undefined : readCount(values.samples),
    };
    return { ...readCommand(positionals, suites), options, jsonFile: values.json };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

function readCommand(
  names: readonly string[],
  suites: readonly Suite[],
): Pick<BenchRequest, 'command' | 'suites' | 'isStored' | 'directory'> {
  const [name, second, third] = names;
  if (name === 'report' || name === 'guard') {
    if (third !== undefined) throw new Error(`Cannot use "${third}": one directory at a time`);
    return { command: name, suites, isStored: false, directory: second };
  }
  if (second !== undefined) {
    throw new Error(`Cannot run suite "${second}": one at a time, or "all"`);
  }
  const isStored = name === undefined;
  return { command: 'suites', suites: findSuites(name, suites), isStored, directory: undefined };
}

function findSuites(name: string | undefined, suites: readonly Suite[]): readonly Suite[] {
  if (name === undefined || name === 'all') return suites;
  const found = suites.find((suite) => suite.name === name);
  if (found === undefined)
    throw new Error(`Cannot run suite "${name}": there is none of that name`);
  return [found];
}

function readCount(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= 100_000) return count;
  throw new Error(`Cannot take "${text}" samples: it is not a number from 1 to 100000`);
}
