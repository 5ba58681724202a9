/**
 * `faas bench NAME [PATH]`: puts load on a deployed function and says how it was answered, and what a call took of
 * the host. The load comes from this process, which does nothing else meanwhile.
 */
import { Command } from 'commander';
import { HostError } from '../../host/base/errors.ts';
import { parseFunctionName } from '../../host/base/ids.ts';
import { formatDuration, parseDuration } from '../../host/base/units.ts';
import type { ApiClient } from '../api-client.ts';
import { ApiError } from '../api-error.ts';
import { buildReport, type BenchPlan } from '../bench/bench-report.ts';
import { buildTarget, reachableUrl, type BenchTarget } from '../bench/bench-target.ts';
import { runCold } from '../bench/cold-run.ts';
import { compareSeries, readFunctionSeries, type FunctionSeries } from '../bench/host-figures.ts';
import { LoadRun, type RunOutcome } from '../bench/load-run.ts';
import { showReport } from '../bench/show-report.ts';
import type { Cli } from '../cli.ts';
import { addConnectionFlags, openClient, type ConnectionFlags } from '../connection.ts';
import { EXIT } from '../exit-codes.ts';
import { addFormatFlag, type OutputFlags } from '../output-flags.ts';
import { addRequestFlags, methodOf, readBody, type RequestFlags } from '../request-flags.ts';
import { toTerminalText } from '../terminal-text.ts';

type Flags = ConnectionFlags &
  OutputFlags &
  RequestFlags & {
    readonly connections?: number;
    readonly duration?: number;
    readonly warmUp?: number;
    readonly rate?: number;
    readonly cold?: boolean;
    readonly url?: URL;
    readonly insecure?: boolean;
  };

const DEFAULT_CONNECTIONS = 10;
/** At a rate, a request needs a free one. */
const DEFAULT_RATE_CONNECTIONS = 100;
const DEFAULT_DURATION_MS = 10_000;
const DEFAULT_WARM_UP_MS = 1000;
const MAX_CONNECTIONS = 10_000;
const MAX_RATE = 1_000_000;
const MAX_DURATION_MS = 3_600_000;

/** Makes the command. */
export function benchCommand(cli: Cli): Command {
  const command = new Command('bench')
    .description('put load on a function and measure how it is answered')
    .argument('<name>', 'the function')
    .argument('[path]', 'path and query of the request', '/')
    .option(
      '--connections <n>',
      `connections at once (default: ${DEFAULT_CONNECTIONS}, with --rate ${DEFAULT_RATE_CONNECTIONS})`,
      number('--connections', MAX_CONNECTIONS),
    )
    .option('--duration <duration>', 'time that counts (default: 10s)', duration('--duration', 1))
    .option('--warm-up <duration>', 'time before it (default: 1s)', duration('--warm-up', 0))
    .option(
      '--rate <n>',
      'requests a second, sent whether the earlier ones were answered or not',
      number('--rate', MAX_RATE),
    )
    .option('--cold', 'cold starts, one after the other')
    .option('--url <url>', 'URL of the function, if it is not the one the host names', parseUrl)
    .option('--insecure', 'take any certificate');
  addFormatFlag(addConnectionFlags(addRequestFlags(command)));
  return command.action(async (name: string, path: string, flags: Flags) => {
    checkTogether(flags);
    await bench(parseFunctionName(name), path, flags, cli);
  });
}

async function bench(name: string, path: string, flags: Flags, cli: Cli): Promise<void> {
  const body = await readBody(flags.data, cli);
  await using client = await openClient(flags, cli);
  const view = await client.call('GET /v1/functions/{name}', { params: { name } });
  const request = { method: methodOf(flags), path, headers: flags.header ?? [], body };
  const base = flags.url ?? reachableUrl(view.urls[0] ?? '', client.url);
  const target = buildTarget(base, request, flags.insecure === true);
  const plan = planOf(name, view.live.version, target.url, flags);
  const signal = cli.onInterrupt();
  const before = await loadSeries(client, name);
  if (flags.format === 'table' && cli.terminal.showsNotes) {
    const time = formatDuration(plan.warmUpMs + plan.durationMs);
    const note = `measuring ${toTerminalText(target.url)} for ${time}; Ctrl-C ends it with what was measured`;
    await cli.terminal.note(cli.terminal.noteStyle('dim', note));
  }
  const outcome = await measure(plan, target, client, signal).catch((error: unknown) => {
    throw toConnectionError(error, target);
  });
  const after = await loadSeries(client, name);
  const host = before && after && compareSeries(before, after);
  const report = buildReport(plan, outcome, host, signal.aborted);
  if (flags.format === 'json') await cli.terminal.printJson<'bench'>(report);
  else await showReport(report, cli.terminal);
  if (signal.aborted) cli.endWith(EXIT.interrupted);
  else if (report.requests === 0) cli.endWith(EXIT.functionFailed);
}

function planOf(name: string, version: number, url: string, flags: Flags): BenchPlan {
  const { cold: isCold = false, rate, connections } = flags;
  const usual = rate === undefined ? DEFAULT_CONNECTIONS : DEFAULT_RATE_CONNECTIONS;
  return {
    function: name,
    version,
    url,
    mode: isCold ? 'cold' : rate === undefined ? 'closed' : 'open',
    connections: isCold ? 1 : (connections ?? usual),
    ...(rate === undefined ? {} : { rate }),
    warmUpMs: isCold ? 0 : (flags.warmUp ?? DEFAULT_WARM_UP_MS),
    durationMs: flags.duration ?? DEFAULT_DURATION_MS,
  };
}

async function measure(
  plan: BenchPlan,
  { target, request }: BenchTarget,
  client: ApiClient,
  signal: AbortSignal,
): Promise<RunOutcome> {
  const { connections, warmUpMs, durationMs, rate } = plan;
  if (plan.mode === 'cold') {
    const params = { name: plan.function };
    const evict = async (): Promise<void> => {
      await client.call('POST /v1/functions/{name}/evict', { params });
    };
    return runCold({ target, request, durationMs, evict, signal });
  }
  const run = new LoadRun({
    target,
    request,
    connections,
    warmUpMs,
    durationMs,
    ...(rate === undefined ? {} : { requestsPerSecond: rate }),
  });
  const stop = (): void => run.stop();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await run.run();
  } finally {
    signal.removeEventListener('abort', stop);
    run.close();
  }
}

/** What the host counted of the function; undefined if it does not show it to this token. */
async function loadSeries(client: ApiClient, name: string): Promise<FunctionSeries | undefined> {
  try {
    return readFunctionSeries(await client.metrics(), name);
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}

const CERTIFICATE_ERROR = /CERT|SELF_SIGNED|ISSUER|UNABLE_TO_VERIFY/;

function toConnectionError(error: unknown, { url }: BenchTarget): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (!(error instanceof Error) || !('syscall' in error || CERTIFICATE_ERROR.test(code)))
    return error;
  const reason = CERTIFICATE_ERROR.test(code)
    ? `its certificate is not trusted (${error.message}); --insecure takes any`
    : `${error.message}; --url names another way to the function`;
  return new HostError('host_unreachable', { url, reason }, { cause: error });
}

function checkTogether({ cold, rate, connections }: Flags): void {
  if (cold !== true || (rate === undefined && connections === undefined)) return;
  const flag = rate === undefined ? '--connections' : '--rate';
  const value = String(rate ?? connections);
  throw refuse(
    flag,
    value,
    'cold starts are measured one after the other',
    'Leave out one of them',
  );
}

function number(flag: string, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^[1-9]\d{0,6}$/.test(text) && value <= most) return value;
    throw refuse(flag, text, `it is not a number from 1 to ${most}`, `Write it like ${flag} 32`);
  };
}

function duration(flag: string, leastMs: number): (text: string) => number {
  return (text) => {
    const ms = parseDuration(text);
    if (ms >= leastMs && ms <= MAX_DURATION_MS) return ms;
    throw refuse(
      flag,
      text,
      'it is too short, or longer than an hour',
      `Write it like ${flag} 10s`,
    );
  };
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  const isPlain = url !== null && /^https?:$/.test(url.protocol) && url.search + url.hash === '';
  if (isPlain && url.username + url.password === '') return url;
  const fix = 'Write it like --url https://api.example.com/app/';
  throw refuse('--url', text, 'it is no http or https URL without query', fix);
}

function refuse(flag: string, value: string, reason: string, fix: string): HostError {
  return new HostError('invalid_flag', { flag, value: value.slice(0, 100), reason, fix });
}
