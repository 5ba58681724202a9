/**
 * The real host in a process of its own, started by `bench-host.ts` with the path of a data directory, an
 * engine, a strategy, a number of workers and settings as JSON. Once it was asked for them, it keeps
 * every start that is reported to the observer until it is asked again: kept objects would cost those who measure something else.
 */
import { subscribe } from 'node:diagnostics_channel';
import { readFileSync, writeFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { loadConfig } from '../../host/config/load-config.ts';
import type { EngineChoice } from '../../host/deploy/generate-code.ts';
import type { Instance } from '../../host/engine/engine.ts';
import { openHost, type HostOptions } from '../../host/host.ts';
import { LiveInstance } from '../../host/instances/live-instance.ts';
import { openThreadClock } from '../../host/limits/thread-clock.ts';
import { openLog } from '../../host/logs/log.ts';
import type { StartKind, StartPhases } from '../../host/metrics/observer.ts';
import { PrometheusObserver } from '../../host/metrics/prometheus.ts';
import { openSupervisor } from '../../host/supervisor.ts';
import { answerParent } from './answer-parent.ts';
import { Collections } from './collections.ts';
import type { BenchStrategy, HostAddresses, HostQuestion, RecordedStart } from './bench-host.ts';

const [dataDir = '', engine = 'auto', strategyName = 'auto', workers = '1', settings = '{}'] =
  process.argv.slice(2);
const strategy = strategyName as BenchStrategy;
const starts: RecordedStart[] = [];
let keepsStarts = false;
const threadMs = openThreadClock();
const collections = new Collections();
recordStarts();
if (strategy === 'full-reset') resetFully();
const config = await loadConfig({
  file: undefined,
  environment: {},
  overrides: {
    ...(JSON.parse(settings) as Readonly<Record<string, unknown>>),
    dataDir,
    listen: '127.0.0.1:0',
    admin: '127.0.0.1:0',
    logLevel: 'warn',
  },
  defaultDataDir: dataDir,
});
const options: HostOptions = {
  config,
  log: openLog(config.logLevel, false),
  version: 'benchmark',
  engine: engine as EngineChoice,
  strategy: strategy === 'full-reset' ? 'reset' : strategy,
};
const host = await (workers === '1' ? openHost(options) : openSupervisor(options, Number(workers)));
const addresses: HostAddresses = {
  dataUrl: host.dataUrl,
  adminUrl: host.adminUrl,
  tokenFile: host.tokenFile,
};
answerParent(
  addresses,
  (question: HostQuestion) => answer(question),
  () => host.close(),
);

function answer(question: HostQuestion): readonly RecordedStart[] | number {
  switch (question) {
    case 'take-starts':
      if (!keepsStarts) recordServed();
      keepsStarts = true;
      return starts.splice(0);
    case 'thread-ms':
      return threadMs();
    case 'gc-ms':
      return collections.readMs();
    case 'resident-bytes':
      // Linux: the peak of this process begins anew.
      if (process.platform === 'linux') writeFileSync('/proc/self/clear_refs', '5');
      return process.memoryUsage.rss();
    case 'peak-bytes':
      return readPeakBytes();
  }
}

/** Elsewhere than on Linux the peak is that of the whole life of the process: an upper bound. */
function readPeakBytes(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  const status = readFileSync('/proc/self/status', 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** Makes every reset rewrite all of memory: what bounding it by what was written saves is the difference. */
function resetFully(): void {
  // oxlint-disable-next-line typescript/unbound-method -- called with its own instance below
  const { reset } = LiveInstance.prototype;
  LiveInstance.prototype.reset = function resetAll(this: LiveInstance, guest): boolean {
    const prototype = Object.getPrototypeOf(this.instance) as Instance;
    // oxlint-disable-next-line typescript/unbound-method -- called with its own instance below
    const bounded = prototype.reset;
    prototype.reset = function resetInstance(this: Instance, next): boolean {
      return bounded.call(this, next, true);
    };
    LiveInstance.prototype.reset = reset;
    return reset.call(this, guest);
  };
}

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
    if (keepsStarts) starts.push({ function: functionName, kind, phases });
    start.call(this, functionName, kind, phases);
  };
}

/** Only for who wants starts: a table of all requests costs V8's collections what others measure. */
function recordServed(): void {
  const begun = new WeakMap<object, number>();
  subscribe('http.server.request.start', (message) => {
    begun.set((message as HttpMessage).response, performance.now());
  });
  subscribe('http.server.response.finish', (message) => {
    const sinceMs = begun.get((message as HttpMessage).response);
    const last = starts.at(-1);
    if (last !== undefined && sinceMs !== undefined) {
      last.served ??= (performance.now() - sinceMs) / 1000;
    }
  });
}

/** What Node's channels tell of an exchange. */
interface HttpMessage {
  readonly response: object;
}
