/** `faas deploy FILE|DIR`: uploads what the host lacks, deploys, and tells of every step. */
import { Command } from 'commander';
import { HostError } from '../../host/base/errors.ts';
import { parseFunctionName } from '../../host/base/ids.ts';
import { formatDuration, formatSize } from '../../host/base/units.ts';
import { ApiError } from '../api-error.ts';
import type { ApiClient } from '../api-client.ts';
import type { DeployResultView, HostView } from '../api-views.ts';
import type { Cli } from '../cli.ts';
import { addConnectionFlags, openClient, type ConnectionFlags } from '../connection.ts';
import { addDeployFlags, limitsOf, type DeployFlags } from '../deploy-flags.ts';
import { DeployProgress } from '../deploy-progress.ts';
import { findComponent, nameFromTitle } from '../find-component.ts';
import { readLocalFile, type LocalFile } from '../local-file.ts';
import { addFormatFlag, type OutputFlags } from '../output-flags.ts';
import { readSnapshot, type SnapshotEntry } from '../snapshot.ts';
import { toTerminalText } from '../terminal-text.ts';
import { uploadFiles } from '../upload.ts';

type Flags = ConnectionFlags & DeployFlags & OutputFlags & { readonly quiet?: boolean };

/** One line of the host's answer. */
interface DeployLine {
  readonly step?: { readonly step: string; readonly ms: number; readonly detail: string };
  readonly result?: DeployResultView;
  readonly error?: { readonly status: number };
}

/** Makes the command. */
export function deployCommand(cli: Cli): Command {
  const command = new Command('deploy')
    .description('deploy a component or WASI module, and make it live')
    .argument('<file|dir>', 'a .wasm file, or a directory with one')
    .option('-q, --quiet', 'no progress');
  addFormatFlag(addConnectionFlags(addDeployFlags(command)));
  return command.action(async (path: string, flags: Flags) => {
    const component = await findComponent(path);
    const name =
      flags.name === undefined ? nameFromTitle(component.title) : parseFunctionName(flags.name);
    const shown = flags.quiet !== true && flags.format !== 'json';
    const progress = new DeployProgress(cli.terminal, shown);
    await using client = await openClient(flags, cli);
    const { limits } = await client.json<HostView>({ method: 'GET', path: '/v1/host' });
    const rules = { limitBytes: limits.artifactBytes, followLinks: true };
    const artifact = await readLocalFile(component.path, rules);
    const files = await readSnapshot(flags.dir, limits);
    await upload(client, [artifact, ...files], progress);
    const result = await deploy(client, name, settingsOf(flags, artifact, files), progress);
    if (flags.format === 'json') await cli.terminal.printJson(result);
    else await printResult(cli, result);
  });
}

function settingsOf(
  flags: Flags,
  artifact: LocalFile,
  files: readonly SnapshotEntry[],
): Record<string, unknown> {
  return {
    artifact: artifact.digest,
    limits: limitsOf(flags),
    isolation: flags.isolation,
    environment: flags.env,
    allowedHosts: flags.allowHost,
    directories: flags.dir.map(({ guestPath }) => guestPath),
    files: files.map(({ guestPath, digest, size, modifiedMs }) => ({
      path: guestPath,
      digest,
      size,
      modifiedMs,
    })),
    routes: flags.route,
  };
}

async function upload(
  client: ApiClient,
  files: readonly LocalFile[],
  progress: DeployProgress,
): Promise<void> {
  const startedMs = performance.now();
  const { sentFiles, sentBytes } = await uploadFiles(client, files);
  const detail =
    sentFiles === 0
      ? 'the host has all of it'
      : `${formatSize(sentBytes)} in ${sentFiles} ${sentFiles === 1 ? 'file' : 'files'}`;
  await progress.step('upload', performance.now() - startedMs, detail);
}

async function deploy(
  client: ApiClient,
  name: string,
  settings: Record<string, unknown>,
  progress: DeployProgress,
): Promise<DeployResultView> {
  const path = `/v1/functions/${name}/versions`;
  for await (const line of client.lines<DeployLine>({ method: 'POST', path, json: settings })) {
    if (line.step !== undefined) {
      await progress.step(line.step.step, line.step.ms, line.step.detail);
    } else if (line.result !== undefined) {
      return line.result;
    } else {
      throw ApiError.read(line.error?.status ?? 500, line.error) ?? ended('an error without code');
    }
  }
  throw ended('it ended before the deployment');
}

function ended(reason: string): HostError {
  return new HostError('strange_answer', { url: 'the host', reason });
}

async function printResult({ terminal }: Cli, result: DeployResultView): Promise<void> {
  const { version } = result;
  const what = result.result === 'unchanged' ? 'is live already: nothing has changed' : 'is live';
  const title = toTerminalText(`${version.function} version ${version.version} ${what}`);
  await terminal.print(`${terminal.outStyle('green', title)}\n`);
  await terminal.printFields([
    ...result.urls.map((url) => ['url', url] as const),
    ['kind', result.kind],
    ['artifact', `${version.artifact} (${formatSize(version.artifactBytes)})`],
    ['limits', `${formatSize(version.limits.memoryBytes)}, ${formatDuration(version.limits.timeoutMs)}, ${version.limits.concurrency} at once`],
    ...result.findings.map((finding) => ['found', finding] as const),
  ]);
}
