/**
 * What limits cost and whether they hold: overhead of the checks in guest code, CPU time of guests that are
 * stopped, a light function beside four that burn CPU, and what a memory hog takes of the host.
 */
import { BenchHost } from '../kit/bench-host.ts';
import { measureBesideBurners } from '../kit/beside-burners.ts';
import { measureOverhead } from '../kit/check-overhead.ts';
import { CodedClient } from '../kit/coded-client.ts';
import { listExamples } from '../kit/examples.ts';
import { HOG_LIMIT_MIB, measureHog } from '../kit/hog-cost.ts';
import { measureKills } from '../kit/kill-cost.ts';
import { formatNumber } from '../kit/output-lines.ts';
import type { Figure, Suite, SuiteOptions, SuiteResult } from '../kit/suite.ts';
import type { Table } from '../kit/table.ts';

const QUICK = { processes: 1, rounds: 25, kills: 20, lightRequests: 500, hogs: 5 };
const FULL = { processes: 5, rounds: 60, kills: 1000, lightRequests: 10_000, hogs: 50 };
const EXAMPLE = 'hello-rust';

/** The suite `limits`. */
export const limitsSuite: Suite = {
  name: 'limits',
  description: 'overhead of the checks, guests that are stopped, neighbours of burners and hogs',
  run: runLimits,
};

async function runLimits(
  options: SuiteOptions,
  progress: (line: string) => void,
): Promise<SuiteResult> {
  const startedAt = new Date().toISOString();
  const plan = options.quick ? QUICK : FULL;
  const [example] = listExamples([EXAMPLE]);
  if (example === undefined) throw new Error(`Cannot measure limits: there is no ${EXAMPLE}`);
  const overhead = await measureOverhead(plan, progress);

  await using host = await BenchHost.open({ engine: 'native' });
  await using client = new CodedClient(host.port);
  const kills = await measureKills(host, client, options.samples ?? plan.kills, progress);
  progress('  a light function beside four burners');
  const burners = await measureBesideBurners(host, example, plan.lightRequests);
  // A process of its own: what the others left would hide what a hog takes.
  await using quiet = await BenchHost.open({ engine: 'native' });
  await using quietClient = new CodedClient(quiet.port);
  progress('  a memory hog and its neighbour');
  const hog = await measureHog(quiet, quietClient, example, plan.hogs);
  return {
    suite: 'limits',
    startedAt,
    ratios: overhead.ratios,
    figures: [...kills.figures, ...burners.figures, ...hog.figures],
    tables: [
      overhead.table,
      kills.table,
      listFigures(
        'Neighbours',
        [...burners.figures, ...hog.figures],
        [
          `${plan.lightRequests} requests one after the other while four guests burn CPU on the same thread; ${plan.hogs} guests one after the other that take all of their ${HOG_LIMIT_MIB} MiB.`,
        ],
      ),
    ],
    raw: { plan, overhead: overhead.raw, kills: kills.raw, burners: burners.raw, hog: hog.raw },
  };
}

function listFigures(title: string, figures: readonly Figure[], remarks: readonly string[]): Table {
  const rows = figures.map(({ name, value, unit }) => [name, `${formatNumber(value)} ${unit}`]);
  return { title, head: ['what', 'value'], rows, remarks };
}
