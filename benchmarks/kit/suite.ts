/** What a suite is: one file in `suites/` that measures one thing and says what it found. */
import type { Chart } from './chart.ts';
import type { Table } from './table.ts';

/** How a suite is run. */
export interface SuiteOptions {
  /** Few samples: the whole suite in about 40 s on an idle machine. */
  readonly quick: boolean;
  /** Names of the examples to measure; all of them if undefined. */
  readonly only: readonly string[] | undefined;
  /** Instead of the suite's own number of samples; the suite says what a sample is. */
  readonly samples: number | undefined;
}

/** A number a suite stands for. */
export interface Figure {
  /** `cold-p50:hello-rust`: what, then of what; no blanks. */
  readonly name: string;
  readonly value: number;
  /** `ms`, `requests/s`; no blanks. */
  readonly unit: string;
}

/** One figure over another of the same run: holds better than either on a shared machine. */
export interface Ratio {
  /** `fresh:hello-rust/fastify`; no blanks. */
  readonly name: string;
  readonly value: number;
  /** Which way is good, for the guard: higher if left out. `neither`: it tells how much noise there is. */
  readonly better?: 'lower' | 'neither';
}

/** What a suite found. */
export interface SuiteResult {
  readonly suite: string;
  /** When it began, ISO 8601. */
  readonly startedAt: string;
  readonly figures: readonly Figure[];
  readonly ratios: readonly Ratio[];
  readonly tables: readonly Table[];
  /** Charts besides those of figures and ratios, which every report has. */
  readonly charts?: readonly Chart[];
  /** Raw samples or histograms, as JSON takes them. */
  readonly raw: object;
}

/** Measures one thing. */
export interface Suite {
  readonly name: string;
  readonly description: string;
  /**
   * @param progress Takes a line for people.
   * @throws {Error} If something that was to be measured did not work: wrong figures are worse than none.
   */
  run(options: SuiteOptions, progress: (line: string) => void): Promise<SuiteResult>;
}
