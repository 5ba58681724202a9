/**
 * Which host a command talks to, and with which token: flags before environment before defaults.
 *
 * The token of the data directory is sent to a host on this machine only, unless `--data-dir` names
 * the directory: a wrong `--admin` must not send the key of the local host to a stranger.
 */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { HostError } from '../host/base/errors.ts';
import { formatBaseUrl, parseSocketAddress } from '../host/config/listen-address.ts';
import { connectToPath } from '../host/links/unix-socket.ts';
import { defaultDataDirectory } from '../host/storage/default-data-directory.ts';
import { ApiClient } from './api-client.ts';
import { checkRelease } from './check-release.ts';
import type { Cli } from './cli.ts';

/** Flags that every command has that talks to a host. */
export interface ConnectionFlags {
  readonly admin?: string;
  readonly token?: string;
  readonly dataDir?: string;
}

/** Where a host is. */
interface Target {
  /** As people read it. */
  readonly url: string;
  readonly isThisMachine: boolean;
}

const DEFAULT_URL = 'http://127.0.0.1:8081';
/** A host that listens on `unix:admin.sock` is found through its data directory. */
const SOCKET_FILE = 'admin.sock';
const TOKEN_FILE = 'admin-token';

/** Adds the flags to a command. */
export function addConnectionFlags(command: Command): Command {
  return command
    .option(
      '--admin <url>',
      `URL of the admin API, or unix:/path (or FAAS_ADMIN_URL; default ${SOCKET_FILE} in the data directory, or ${DEFAULT_URL})`,
    )
    .option(
      '--token <token>',
      'admin token (or FAAS_TOKEN; default: the file in the data directory)',
    )
    .option('--data-dir <dir>', 'data directory of the host, for its token (or FAAS_DATA_DIR)');
}

/**
 * Makes the client.
 *
 * @throws {invalid_flag} If the URL is none.
 * @throws {token_missing} If there is no token to send.
 * @throws {version_skew} If the host is of a release that does not fit.
 * @throws {host_unreachable} If nobody answers.
 */
export async function openClient(flags: ConnectionFlags, cli: Cli): Promise<ApiClient> {
  const given = flags.admin ?? nonEmpty(cli.environment['FAAS_ADMIN_URL']);
  const dataDir = dataDirectory(flags, cli);
  const target = given === undefined ? await findTarget(dataDir) : parseTarget(given, dataDir);
  const token = flags.token ?? nonEmpty(cli.environment['FAAS_TOKEN']);
  const sent = token ?? (await loadToken(target, flags, dataDir));
  const client = new ApiClient(target.url, checkToken(sent, target));
  try {
    await checkRelease(client, target.url, cli);
    return client;
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw error;
  }
}

function parseTarget(text: string, dataDir: string): Target {
  const socket = parseSocketAddress(text, dataDir);
  if (socket !== undefined) return { url: formatBaseUrl(socket), isThisMachine: true };
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  const plain =
    url !== null && text !== 'unix:' && /^https?:$/.test(url.protocol) && url.pathname === '/';
  if (plain && url.username === '' && url.search === '') {
    return { url: url.origin, isThisMachine: isThisMachine(url) };
  }
  throw new HostError('invalid_flag', {
    flag: '--admin',
    value: text.slice(0, 200),
    reason: 'it is not the URL of an admin API',
    fix: `Write it like ${DEFAULT_URL} or unix:/run/wasi-faas/admin.sock`,
  });
}

/** Where the host is if nobody says so: a socket that a dead host left does not count. */
async function findTarget(dataDir: string): Promise<Target> {
  const path = join(dataDir, SOCKET_FILE);
  const socket = await connectToPath(path).catch(() => undefined);
  socket?.destroy();
  return parseTarget(socket === undefined ? DEFAULT_URL : `unix:${path}`, dataDir);
}

async function loadToken(target: Target, flags: ConnectionFlags, dataDir: string): Promise<string> {
  if (flags.dataDir === undefined && !target.isThisMachine) {
    throw missing(target, 'the one of the data directory is only sent to this machine');
  }
  const path = join(dataDir, TOKEN_FILE);
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw missing(target, code === 'ENOENT' ? `there is no file "${path}"` : `"${path}": ${code}`);
  }
}

/** The data directory that flags, environment or the platform name. */
export function dataDirectory(
  flags: Pick<ConnectionFlags, 'dataDir'>,
  { environment }: Cli,
): string {
  return (
    flags.dataDir ??
    nonEmpty(environment['FAAS_DATA_DIR']) ??
    defaultDataDirectory({ platform: process.platform, environment, home: homedir() })
  );
}

/** A token goes into a header: anything else in it is a mistake, and must not reach one. */
function checkToken(token: string, target: Target): string {
  if (/^[\x21-\x7e]{1,200}$/.test(token)) return token;
  throw missing(target, 'what was given as one is empty or no token');
}

function isThisMachine({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}

function missing({ url }: Target, reason: string): HostError {
  return new HostError('token_missing', { url, reason });
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
