/** Starts the private host of `faas dev` as a process of its own, and reads what it tells. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { HostError } from '../../host/base/errors.ts';
import { ApiClient } from '../api-client.ts';

/** What the process is started with, as JSON in its first argument. */
export interface DevHostOptions {
  readonly listen: string;
  readonly dataDir: string;
  readonly logLevel: string;
}

/** A request that was answered, or broken off. */
export interface DevRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** 0 if it was broken off before there was one. */
  readonly status: number;
  readonly ms: number;
  /** Whether the response was sent to its end. */
  readonly complete: boolean;
}

/** Who is told what. */
export interface DevHostListener {
  onRequest(request: DevRequest): void;
  /** A line of the host's log, of severity `warn` or more. */
  onLog(text: string): void;
}

/** A running host. */
export interface DevHost extends AsyncDisposable {
  readonly client: ApiClient;
  /** Base URL of the functions. */
  readonly dataUrl: string;
  readonly dataDir: string;
  /** Resolves when the process has ended, for whatever reason. */
  readonly ended: Promise<void>;
}

/** Address that is taken where none is named, if it is free. */
const USUAL_PORT = 3000;
/** Time from the end of its stdin to SIGKILL. */
const END_MS = 5000;

/**
 * Starts a host with an empty data directory.
 *
 * @param listen `host:port`; undefined: port 3000 of this machine, or a free one.
 * @throws {dev_host_failed} If it ends before it is ready.
 */
export async function startDevHost(
  listen: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  listener: DevHostListener,
): Promise<DevHost> {
  const dataDir = await mkdtemp(join(tmpdir(), 'faas-dev-'));
  const options: DevHostOptions = {
    listen: listen ?? `127.0.0.1:${(await isFree(USUAL_PORT)) ? USUAL_PORT : 0}`,
    dataDir,
    logLevel: 'warn',
  };
  const child = spawn(process.execPath, [entryFile(), JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: environment,
    // A Ctrl-C in the terminal is for us alone: we end the host in order.
    detached: process.platform !== 'win32',
  });
  child.stdin.on('error', () => undefined);
  const ended = once(child, 'exit')
    // It could not be started, which is an end too.
    .catch(() => undefined)
    .then(() => rm(dataDir, { recursive: true, force: true }));
  const end = (): Promise<void> => endHost(child, ended);
  readLog(child.stderr, listener);
  try {
    const tooSoon = ended.then(() => {
      throw new HostError('dev_host_failed', { reason: 'it ended before it was ready' });
    });
    // Later its end is no error of the start.
    tooSoon.catch(() => undefined);
    const dataUrl = await Promise.race([readReady(child.stdout, listener), tooSoon]);
    const token = (await readFile(join(dataDir, 'admin-token'), 'utf8')).trim();
    const client = new ApiClient(`unix:${join(dataDir, 'admin.sock')}`, token);
    const close = async (): Promise<void> => {
      await client[Symbol.asyncDispose]();
      await end();
    };
    return { client, dataUrl, dataDir, ended, [Symbol.asyncDispose]: close };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Resolves with the URL of the functions; what comes after goes to the listener. */
function readReady(stdout: Readable, listener: DevHostListener): Promise<string> {
  return new Promise((resolve) => {
    createInterface(stdout).on('line', (line) => {
      const url = /^ready data=(\S+) /.exec(line)?.[1];
      if (url !== undefined) resolve(url);
      else if (line.startsWith('{')) listener.onRequest(JSON.parse(line) as DevRequest);
    });
  });
}

/** The host writes JSON; before it has its log, text. */
function readLog(stderr: Readable, listener: DevHostListener): void {
  createInterface(stderr).on('line', (line) => {
    let message: unknown = line;
    try {
      message = (JSON.parse(line) as { msg?: unknown }).msg;
    } catch {
      // It is text.
    }
    listener.onLog(String(message));
  });
}

async function endHost(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.stdin?.end();
  const timer = setTimeout(() => child.kill('SIGKILL'), END_MS);
  await ended;
  clearTimeout(timer);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const listening = once(server, 'listening');
  server.listen(port, '127.0.0.1');
  try {
    await listening;
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

/** Compiled beside this file as this file is. */
function entryFile(): string {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`./dev-host.${ending}`, import.meta.url));
}
