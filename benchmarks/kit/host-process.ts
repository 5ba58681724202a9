/**
 * The real host in a process of its own, started by `bench-host.ts` with the path of a data directory.
 * Keeps every start that is reported to the observer until it is asked for them.
 */
import { loadConfig } from '../../host/config/load-config.ts';
import type { EngineChoice } from '../../host/deploy/generate-code.ts';
import { openHost } from '../../host/host.ts';
import { openLog } from '../../host/logs/log.ts';
import type { StartKind, StartPhases } from '../../host/metrics/observer.ts';
import { PrometheusObserver } from '../../host/metrics/prometheus.ts';
import { answerParent } from './answer-parent.ts';
import type { HostAddresses, RecordedStart } from './bench-host.ts';

const [dataDir = '', engine = 'auto'] = process.argv.slice(2);
const starts: RecordedStart[] = [];
recordStarts();
const config = await loadConfig({
  file: undefined,
  environment: {},
  overrides: { dataDir, listen: '127.0.0.1:0', admin: '127.0.0.1:0', logLevel: 'warn' },
  defaultDataDir: dataDir,
});
const host = await openHost({
  config,
  log: openLog(config.logLevel, false),
  version: 'benchmark',
  engine: engine as EngineChoice,
});
const addresses: HostAddresses = {
  dataUrl: host.dataUrl,
  adminUrl: host.adminUrl,
  tokenFile: host.tokenFile,
};
answerParent(
  addresses,
  () => starts.splice(0),
  () => host.close(),
);

/** The host's own observer keeps sums by bucket; a benchmark wants each start. */
function recordStarts(): void {
  // oxlint-disable-next-line typescript/unbound-method -- called with its own observer below
  const { start } = PrometheusObserver.prototype;
  PrometheusObserver.prototype.start = function record(
    this: PrometheusObserver,
    functionName: string,
    kind: StartKind,
    phases: StartPhases,
  ): void {
    starts.push({ function: functionName, kind, phases });
    start.call(this, functionName, kind, phases);
  };
}
