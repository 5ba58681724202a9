/** A report → what people read of it. */
import { formatDuration, formatSize } from '../../host/base/units.ts';
import type { Terminal } from '../terminal.ts';
import type { BenchReport, LatencyRow } from './bench-report.ts';
import type { Distribution, HostFigures } from './host-figures.ts';

const BAR_WIDTH = 40;
/** Above this share of a core the loader may be what was measured. */
const BUSY_LOADER = 0.9;

/** Prints the report. */
export async function showReport(report: BenchReport, terminal: Terminal): Promise<void> {
  const { histogram, host } = report;
  await terminal.print(`${titleOf(report)}\n`);
  await terminal.printFields([
    ...showAnswers(report),
    ...(host === undefined ? [] : showHost(host)),
  ]);
  if (histogram.length > 0) await terminal.print(`\n${drawHistogram(histogram)}`);
  for (const remark of remarksOn(report)) await terminal.note(terminal.noteStyle('dim', remark));
}

function titleOf(report: BenchReport): string {
  const { function: name, version, connections, seconds, rate } = report;
  const modes = {
    closed: `${connections} connections`,
    open: `${rate} requests/s over ${connections} connections`,
    cold: 'cold starts, one after the other',
  };
  const time = formatDuration(seconds * 1000);
  return `${name} version ${version}: ${modes[report.mode]}, ${time}${report.interrupted ? ' (interrupted)' : ''}`;
}

type Fields = readonly (readonly [string, string])[];

function showAnswers(report: BenchReport): Fields {
  const { url, requests, requestsPerSecond, latencyMs, errors, unanswered } = report;
  return [
    ['url', url],
    ['requests', `${requests}, ${formatRate(requestsPerSecond)} requests/s`],
    ...Object.entries(errors).map(([what, count]) => ['error', `${what}: ${count}`] as const),
    ...(unanswered > 0 ? [['error', `no answer: ${unanswered}`] as const] : []),
    ...(latencyMs === undefined
      ? []
      : ([
          ['p50', formatDuration(latencyMs.p50)],
          ['p90', formatDuration(latencyMs.p90)],
          ['p99', formatDuration(latencyMs.p99)],
          ['p99.9', formatDuration(latencyMs.p99_9)],
          ['max', formatDuration(latencyMs.most)],
        ] as const)),
  ];
}

function showHost({
  outcomes,
  starts,
  ways,
  limits,
  cpuMs,
  memoryBytes,
  startMs,
}: HostFigures): Fields {
  const phases = Object.entries(startMs).map(([kind, means]): readonly [string, string] => {
    const parts = Object.entries(means).map(([phase, ms]) => `${phase} ${formatDuration(ms)}`);
    return [`${kind} start`, `mean: ${parts.join(', ')}`];
  });
  return [
    ['outcomes', counts(outcomes)],
    ['starts', counts(starts)],
    ['instances', counts(ways)],
    ...phases,
    ...(cpuMs === undefined ? [] : [['cpu a call', describe(cpuMs, formatDuration)] as const]),
    ...(memoryBytes === undefined
      ? []
      : [
          [
            'memory a call',
            describe(memoryBytes, (bytes) => formatSize(Math.round(bytes))),
          ] as const,
        ]),
    ...(Object.keys(limits).length === 0 ? [] : [['limits met', counts(limits)] as const]),
  ];
}

function describe(
  { mean, p50AtMost, p99AtMost }: Distribution,
  format: (value: number) => string,
): string {
  const bound = (value: number): string =>
    Number.isFinite(value) ? `≤ ${format(value)}` : 'beyond the largest bucket';
  return `mean ${format(mean)}, p50 ${bound(p50AtMost)}, p99 ${bound(p99AtMost)}`;
}

function counts(by: Readonly<Record<string, number>>): string {
  const entries = Object.entries(by).sort(([, a], [, b]) => b - a);
  return entries.map(([name, count]) => `${name} ${count}`).join(', ') || 'none';
}

function drawHistogram(rows: readonly LatencyRow[]): string {
  const most = Math.max(...rows.map(({ count }) => count));
  const times = rows.map(({ toMs }) => `≤ ${formatDuration(toMs)}`);
  const timeWidth = Math.max(...times.map((time) => time.length));
  const countWidth = String(most).length;
  const lines = rows.map(({ count }, index) => {
    // What is there is seen, be it ever so little.
    const bar = '█'.repeat(count === 0 ? 0 : Math.max(1, Math.round((count / most) * BAR_WIDTH)));
    const head = `${(times[index] ?? '').padStart(timeWidth)}  ${String(count).padStart(countWidth)}`;
    return `  ${head}  ${bar}`.trimEnd();
  });
  return `${lines.join('\n')}\n`;
}

function remarksOn(report: BenchReport): readonly string[] {
  const { mode, loaderCpu, host, statuses, seconds, warmUpMs } = report;
  const remarks: string[] = [];
  if (host === undefined) {
    remarks.push('The host shows no figures of this function: only the most used ones have them.');
  } else {
    const answered = Object.values(statuses).reduce((sum, count) => sum + count, 0);
    // What warms up is not counted here, and is there.
    const expected = answered * (1 + warmUpMs / (seconds * 1000));
    if (host.calls > expected * 1.5 + 100) {
      remarks.push(
        'The host counted far more calls than were made here: others call the function.',
      );
    }
  }
  if (mode === 'cold') {
    remarks.push(
      'Cold: the host had let go of the module. V8 may still know its code, so a first start after a deployment or restart takes longer.',
    );
  } else if (mode === 'closed' && loaderCpu > BUSY_LOADER) {
    const percent = Math.round(loaderCpu * 100);
    remarks.push(
      `This command took ${percent} % of a core: the function may be faster than shown.`,
    );
  }
  return remarks;
}

function formatRate(rate: number): string {
  return rate < 100 ? rate.toFixed(1) : String(Math.round(rate));
}
