/**
 * Whether a host and this command fit together. Releases that differ in their first number may speak different APIs:
 * nothing is sent to such a host. A difference in the second is only told.
 */
import { HostError } from '../host/base/errors.ts';
import type { ApiClient } from './api-client.ts';
import type { Cli } from './cli.ts';
import { toTerminalText } from './terminal-text.ts';

/**
 * Asks the host for its release.
 *
 * @throws {version_skew} If it does not fit.
 * @throws {host_unreachable} If nobody answers.
 */
export async function checkRelease(client: ApiClient, url: string, cli: Cli): Promise<void> {
  const { version } = await client.call('GET /v1/host', {});
  const [host, own] = [parseRelease(version), parseRelease(cli.version)];
  // Before releases said who they are, and where this one does not know its own.
  if (host === undefined || own === undefined) return;
  if (host.major !== own.major) {
    throw new HostError('version_skew', { url, host: version, cli: cli.version });
  }
  // Who runs what is no release yet knows about it.
  if (host.minor === own.minor || host.isPreliminary || own.isPreliminary) return;
  const text = `the host is of release ${toTerminalText(version)}, this command of ${cli.version}: what one of them does not know fails`;
  await cli.terminal.note(`${cli.terminal.noteStyle('yellow', 'warning:')} ${text}`);
}

interface Release {
  readonly major: number;
  readonly minor: number;
  readonly isPreliminary: boolean;
}

function parseRelease(version: unknown): Release | undefined {
  const parts = /^(\d{1,6})\.(\d{1,6})\.\d{1,6}(-.*)?$/.exec(String(version));
  if (parts === null) return undefined;
  const [, major, minor, tag] = parts;
  return { major: Number(major), minor: Number(minor), isPreliminary: tag !== undefined };
}
