/** Command line → which suites to run and how, or what is wrong with it. */
import { parseArgs } from 'node:util';
import type { Suite, SuiteOptions } from './suite.ts';

/** What was asked for. */
export interface BenchRequest {
  readonly suites: readonly Suite[];
  readonly options: SuiteOptions;
  /** Where to write the results as JSON. */
  readonly jsonFile: string | undefined;
}

/** Shown when the command line cannot be read. */
export const USAGE = [
  'npm run bench -- SUITE [options]',
  '  --quick        few samples, less than 40 s a suite',
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
    return { suites: findSuites(positionals, suites), options, jsonFile: values.json };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

function findSuites(names: readonly string[], suites: readonly Suite[]): readonly Suite[] {
  const [name, second] = names;
  if (name === undefined) throw new Error('Cannot run a benchmark: no suite was named');
  if (second !== undefined)
    throw new Error(`Cannot run suite "${second}": one at a time, or "all"`);
  if (name === 'all') return suites;
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
