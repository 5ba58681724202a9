/** The host as a process: configuration, signals, the one `ready` line, the exit code. */
import { readFileSync } from 'node:fs';
import { availableParallelism, homedir } from 'node:os';
import { systemClock } from './base/clock.ts';
import { HostError, toHostError } from './base/errors.ts';
import type { Config } from './config/schema.ts';
import { loadConfig } from './config/load-config.ts';
import { openHost, type Host, type HostOptions, type Succession } from './host.ts';
import { openLog, type Log } from './logs/log.ts';
import { openSupervisor } from './supervisor.ts';
import { defaultDataDirectory } from './storage/default-data-directory.ts';

/** How the host is started. */
export interface RunOptions {
  /** Path of the configuration file, if one was named. */
  readonly configFile?: string | undefined;
  /** Settings by flag, in the shape of the configuration file. */
  readonly overrides: Readonly<Record<string, unknown>>;
  /** What the line on stdout says when the host serves; by default `ready data=URL admin=URL`. */
  readonly showReady?: (host: Host) => string;
  /** Called once when the host serves; `stopping` aborts when it is told to end. */
  readonly onReady?: (host: Host, stopping: AbortSignal) => Promise<void>;
}

/** Exit codes of the host: EX_USAGE-like, documented in docs/cli.md. */
const EXIT_OK = 0;
const EXIT_REFUSED = 3;

/** One Ctrl-C may arrive several times: from the terminal, from npm, and from `faas.js` on an older Node. */
const SAME_SIGNAL_MS = 500;

/**
 * Runs a host until SIGINT or SIGTERM. Another signal half a second later or more ends the process at once.
 *
 * @returns The exit code.
 */
export async function runHost(options: RunOptions): Promise<number> {
  const { configFile, overrides, onReady, showReady = describeReady } = options;
  const defaultDataDir = defaultDataDirectory({
    platform: process.platform,
    environment: process.env,
    home: homedir(),
  });
  try {
    const load = (): Promise<Config> =>
      loadConfig({ file: configFile, environment: process.env, overrides, defaultDataDir });
    const config = await load();
    const log = openLog(config.logLevel, process.stderr.isTTY);
    let host: Host | undefined;
    const stopped = untilSignal(() => host?.endNow());
    const version = packageVersion();
    const succession: Succession = {
      isDue: async () =>
        packageVersion() !== version || JSON.stringify(await load()) !== JSON.stringify(config),
      begin: replaceProcess,
    };
    host = await open({ config, log, version, succession });
    reloadOnHangUp(host, log);
    process.stdout.write(`${showReady(host)}\n`);
    log.info({ dataDir: config.dataDir, token: host.tokenFile }, 'the host serves');
    try {
      const stopping = new AbortController();
      const onStop = stopped.then((signal) => {
        stopping.abort();
        return signal;
      });
      // A signal ends the host also while it is still being made ready.
      const made = Promise.resolve(onReady?.(host, stopping.signal));
      const signal = await Promise.race([onStop, made.then(() => onStop)]);
      log.info({ signal }, 'closing');
    } finally {
      await host.close();
    }
    return EXIT_OK;
  } catch (error) {
    report(toHostError(error));
    return EXIT_REFUSED;
  }
}

function describeReady({ dataUrl, adminUrl }: Host): string {
  return `ready data=${dataUrl} admin=${adminUrl}`;
}

/** One process, or a supervisor with workers. Windows has no descriptors to hand over. */
function open(options: HostOptions): Promise<Host> {
  const { workers } = options.config;
  const isAlone = process.platform === 'win32';
  const wanted = workers === 'auto' ? availableParallelism() : workers;
  return wanted === 1 || isAlone ? openHost(options) : openSupervisor(options, wanted);
}

/** On a terminal SIGHUP says that it was closed, which `untilSignal` sees to; elsewhere it is an operator's wish. */
function reloadOnHangUp(host: Host, log: Log): void {
  if (process.stderr.isTTY) return;
  process.on('SIGHUP', () => reload(host, log));
}

function reload(host: Host, log: Log): void {
  log.info('reloading');
  host.reload().then(
    (workers) => log.info({ workers }, 'reloaded'),
    (err: unknown) => log.error({ err }, 'cannot reload'),
  );
}

/**
 * The same program from its start, with the same process id: whoever watches this process need not know. It replaces
 * the workers that it takes over, because they are not up to date.
 */
function replaceProcess(): void {
  const [, script = '', ...args] = process.argv;
  process.execve?.(process.execPath, [process.argv0, ...process.execArgv, script, ...args]);
}

/** @param onSecond Called before the process ends at once. */
function untilSignal(onSecond: () => void): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let firstMs: number | undefined;
    const signals = ['SIGINT', 'SIGTERM', ...(process.stderr.isTTY ? ['SIGHUP'] : [])];
    for (const signal of signals as NodeJS.Signals[]) {
      process.on(signal, () => {
        firstMs ??= systemClock.monotonicMs();
        const sinceFirstMs = systemClock.monotonicMs() - firstMs;
        if (sinceFirstMs >= SAME_SIGNAL_MS) {
          onSecond();
          process.exit(signal === 'SIGINT' ? 130 : 143);
        }
        resolve(signal);
      });
    }
  });
}

function report(error: HostError): void {
  process.stderr.write(`error: ${error.message} (${error.code})\n`);
  if (error.fix !== undefined) process.stderr.write(`  fix: ${error.fix}\n`);
  if (process.env['FAAS_DEBUG'] === '1')
    process.stderr.write(`${error.stack}\n${String(error.cause)}\n`);
}

function packageVersion(): string {
  // From source this file is host/main.ts, compiled it is dist/host/main.js.
  const depth = import.meta.url.endsWith('.ts') ? '..' : '../..';
  const manifest = readFileSync(new URL(`${depth}/package.json`, import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
