/**
 * What an idle instance costs in memory: one process makes instances of the Rust hello, lets each serve a
 * request, and keeps them. The proportional resident memory they add, over their number, is the figure.
 */
import { EngineLab } from '../kit/engine-lab.ts';
import { listExamples } from '../kit/examples.ts';
import { formatNumber } from '../kit/output-lines.ts';
import type { Suite, SuiteOptions, SuiteResult } from '../kit/suite.ts';

const QUICK_INSTANCES = 1000;
const FULL_INSTANCES = 5000;
/** Made first and not counted: the heap and the code that all instances share. */
const WARM_UP = 200;
const EXAMPLE = 'hello-rust';

/** The suite `density`. */
export const densitySuite: Suite = {
  name: 'density',
  description: 'memory of an idle instance of the Rust hello that has served a request',
  run: runDensity,
};

async function runDensity(
  options: SuiteOptions,
  progress: (line: string) => void,
): Promise<SuiteResult> {
  const startedAt = new Date().toISOString();
  const instances = options.samples ?? (options.quick ? QUICK_INSTANCES : FULL_INSTANCES);
  const [example] = listExamples([EXAMPLE]);
  if (example === undefined) throw new Error(`Cannot measure density: there is no ${EXAMPLE}`);
  const sides: { engine: 'native' | 'jco'; kb: number }[] = [];
  for (const engine of ['native', 'jco'] as const) {
    progress(`  ${instances} instances, ${engine}`);
    await using lab = await EngineLab.open(example, engine);
    const before = await lab.keep(WARM_UP);
    const after = await lab.keep(instances);
    sides.push({ engine, kb: (after - before) / instances / 1024 });
  }
  const kbOf = (engine: string): number =>
    sides.find((side) => side.engine === engine)?.kb ?? Number.NaN;
  return {
    suite: 'density',
    startedAt,
    figures: [
      { name: 'density-kb-per-instance', value: kbOf('native'), unit: 'KB' },
      { name: 'density-kb-per-instance:jco', value: kbOf('jco'), unit: 'KB' },
    ],
    ratios: [{ name: 'density-native/jco', value: kbOf('jco') / kbOf('native') }],
    tables: [
      {
        title: `Memory of an idle instance of ${EXAMPLE}`,
        head: ['engine', 'KB an instance', 'instances a GiB'],
        rows: sides.map(({ engine, kb }) => [
          engine,
          formatNumber(kb),
          formatNumber(Math.floor(2 ** 20 / kb)),
        ]),
        remarks: [
          `Proportional resident memory added by ${instances} instances that have each served one request, after a garbage collection.`,
        ],
      },
    ],
    raw: { instances, sides },
  };
}
