/**
 * The entry of `faas`, started by `faas.js` on a Node that can run it. Only here are the process, its
 * signals and its exit code touched.
 */
import { readFileSync } from 'node:fs';
import { runCli } from './program.ts';
import { Terminal } from './terminal.ts';

// Who reads our output may leave early (`faas list | head -1`): that is no error of ours.
process.stdout.on('error', endOnBrokenPipe);
process.stderr.on('error', endOnBrokenPipe);

process.exitCode = await runCli(process.argv.slice(2), {
  terminal: new Terminal(process.stdout, process.stderr, process.env),
  environment: process.env,
  stdin: process.stdin,
  version: readVersion(),
  onInterrupt: interruptSignal,
});

function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  // Once: a second Ctrl-C ends at once, as without us.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => controller.abort());
  }
  return controller.signal;
}

function endOnBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
}

/** The compiled form lies one folder deeper than the sources. */
function readVersion(): string {
  for (const place of ['../package.json', '../../package.json']) {
    try {
      const text = readFileSync(new URL(place, import.meta.url), 'utf8');
      return String((JSON.parse(text) as { version?: unknown }).version);
    } catch {
      continue;
    }
  }
  return 'unknown';
}
