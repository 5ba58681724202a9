/**
 * `faas serve --examples`: deploys the example functions of `components/examples.json` and says how to
 * try them. An example that cannot be deployed is reported; the host goes on without it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { basename, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseFunctionName } from '../host/base/ids.ts';
import { ApiClient } from './api-client.ts';
import type { Cli } from './cli.ts';
import { DeployProgress } from './deploy-progress.ts';
import { deployToHost } from './deploy-to-host.ts';
import { describeError } from './describe-error.ts';
import { parseStoreGrant } from './flag-values.ts';
import { parseDirectoryGrant, type DirectoryGrant } from './snapshot.ts';

/** An entry of `examples.json`; the file is ours. */
interface Example {
  readonly name: string;
  /** The prebuilt component; an example without one is built on first use. */
  readonly file?: string;
  readonly build?: string;
  readonly description: string;
  /** Command to try it with; `{url}` stands for its URL. */
  readonly try: string;
  readonly settings: {
    readonly allowHosts?: readonly string[];
    readonly dirs?: readonly string[];
    readonly keyValue?: readonly string[];
    readonly config?: Readonly<Record<string, string>>;
  };
}

/** Where the host is and how to be let in. */
export interface HostAccess {
  readonly adminUrl: string;
  readonly tokenFile: string;
}

/**
 * Deploys the examples, one after the other, and prints what to try on stderr.
 *
 * @param stopping The host ends: no further example is deployed, and what fails now is of no interest.
 */
export async function deployExamples(
  host: HostAccess,
  cli: Cli,
  stopping: AbortSignal,
): Promise<void> {
  const folder = findFolder();
  const list = await readFile(join(folder, 'examples.json'), 'utf8');
  const examples = JSON.parse(list) as readonly Example[];
  const token = (await readFile(host.tokenFile, 'utf8')).trim();
  await using client = new ApiClient(host.adminUrl, token);
  const { terminal } = cli;
  await terminal.note(`\n${terminal.noteStyle('bold', 'try')}`);
  // Prebuilt ones first: building takes seconds, and the others can be tried meanwhile.
  for (const example of examples.filter(({ file }) => file !== undefined)) {
    if (stopping.aborted) return;
    await deployExample(example, join(folder, example.file ?? ''), folder, client, cli, stopping);
  }
  for (const example of examples.filter(({ build }) => build !== undefined)) {
    const script = join(folder, example.build ?? '');
    // The published package has neither the source of it nor the tools.
    if (!existsSync(script)) continue;
    const path = await buildExample(script, cli);
    if (path === undefined || stopping.aborted) return;
    await deployExample(example, path, folder, client, cli, stopping);
  }
}

/** Builds an example, or finds it built. @returns The path of the component, undefined if it cannot be built here. */
async function buildExample(script: string, cli: Cli): Promise<string | undefined> {
  const build = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'pipe'] });
  // Building is no reason to keep a host that is told to end.
  build.unref();
  const [output, problem, exitCode] = await Promise.all([
    text(build.stdout),
    text(build.stderr),
    once(build, 'close').then(([code]: unknown[]) => code),
  ]);
  if (exitCode === 0) return output.trim();
  const reason = problem.trim().split('\n').at(-1) ?? 'it says nothing';
  await cli.terminal.note(`  # not built: ${basename(dirname(script))}: ${reason}`);
  return undefined;
}

/** Deploys one example and says how to try it. */
async function deployExample(
  example: Example,
  path: string,
  folder: string,
  client: ApiClient,
  cli: Cli,
  stopping: AbortSignal,
): Promise<void> {
  const { allowHosts = [], dirs = [], keyValue = [], config = {} } = example.settings;
  try {
    const deployment = {
      name: parseFunctionName(example.name),
      path,
      directories: dirs.map((grant) => localGrant(grant, folder)),
      settings: {
        allowedHosts: allowHosts,
        keyValue: keyValue.map(parseStoreGrant),
        config: Object.entries(config),
      },
    };
    const progress = new DeployProgress(cli.terminal, false);
    const { urls } = await deployToHost(client, deployment, progress);
    const command = example.try.replaceAll('{url}', urls[0] ?? '');
    await cli.terminal.note(`  ${command.padEnd(60)} # ${example.description}`);
  } catch (error) {
    if (!stopping.aborted) await describeError(error, cli);
  }
}

/** Host paths in the list count from the folder it is in. */
function localGrant(text: string, folder: string): DirectoryGrant {
  const grant = parseDirectoryGrant(text);
  return { ...grant, hostPath: join(folder, grant.hostPath) };
}

/** The compiled form of this file lies one folder deeper than the source. */
function findFolder(): string {
  const places = ['../components', '../../components'];
  const folders = places.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  return folders.find((folder) => existsSync(join(folder, 'examples.json'))) ?? folders[0] ?? '';
}
