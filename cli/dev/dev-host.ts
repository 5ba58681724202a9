/**
 * The entry of the private host of `faas dev`: one process that serves, tells of every request, and ends when whoever
 * started it does, even if that was killed: then its stdin closes. Its data directory goes with it.
 *
 * Writes the host's `ready` line to stdout, then a JSON line for each request that was answered.
 */
import { subscribe } from 'node:diagnostics_channel';
import { rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { runHost } from '../../host/main.ts';
import type { DevHostOptions, DevRequest } from './start-dev-host.ts';

/** Requests under way have this long when the host ends. */
const DRAIN_MS = 1000;

const { listen, dataDir, logLevel } = JSON.parse(process.argv[2] ?? '{}') as DevHostOptions;

process.stdin.on('close', () => process.kill(process.pid, 'SIGTERM')).resume();
// Whoever reads is gone: then stdin closes as well.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

subscribe('http.server.request.start', (message) => {
  const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
  // The admin API is on a socket without a port.
  if (request.socket.localPort === undefined) return;
  const startedMs = performance.now();
  // Taken now: the host hands another path on where it has to.
  const { method = '', url = '' } = request;
  response.once('close', () => {
    const line: DevRequest = {
      method,
      url,
      status: response.headersSent ? response.statusCode : 0,
      ms: performance.now() - startedMs,
      complete: response.writableFinished,
    };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  });
});

const code = await runHost({
  overrides: {
    listen,
    admin: 'unix:admin.sock',
    dataDir,
    workers: 1,
    logLevel,
    drainTimeoutMs: DRAIN_MS,
  },
});
await rm(dataDir, { recursive: true, force: true });
// Stdin is still open, if the host ended by itself.
process.exit(code);
