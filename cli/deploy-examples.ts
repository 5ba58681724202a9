/**
 * `faas serve --examples`: deploys the example functions of `components/examples.json` and says how to
 * try them. An example that cannot be deployed is reported; the host goes on without it.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { parseFunctionName } from '../host/base/ids.ts';
import { ApiClient } from './api-client.ts';
import type { Cli } from './cli.ts';
import { DeployProgress } from './deploy-progress.ts';
import { deployToHost } from './deploy-to-host.ts';
import { describeError } from './describe-error.ts';
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
  readonly settings: { readonly allowHosts?: readonly string[]; readonly dirs?: readonly string[] };
}

/** Where the host is and how to be let in. */
export interface HostAccess {
  readonly adminUrl: string;
  readonly tokenFile: string;
}

/** Deploys the examples, one after the other, and prints what to try on stderr. */
export async function deployExamples(host: HostAccess, cli: Cli): Promise<void> {
  const folder = findFolder();
  const text = await readFile(join(folder, 'examples.json'), 'utf8');
  const examples = JSON.parse(text) as readonly Example[];
  const token = (await readFile(host.tokenFile, 'utf8')).trim();
  await using client = new ApiClient(host.adminUrl, token);
  const lines: string[] = [];
  for (const example of examples) {
    const line = await deployExample(example, folder, client, cli);
    if (line !== undefined) lines.push(line);
  }
  const { terminal } = cli;
  await terminal.note(`\n${terminal.noteStyle('bold', 'try')}\n${lines.join('\n')}\n`);
}

/** Deploys one example. @returns The line that says how to try it, if it is deployed. */
async function deployExample(
  example: Example,
  folder: string,
  client: ApiClient,
  cli: Cli,
): Promise<string | undefined> {
  const path = join(folder, example.file ?? `${example.name}.wasm`);
  const { allowHosts = [], dirs = [] } = example.settings;
  if (!existsSync(path) && example.build !== undefined) {
    return `  # ${example.description}: node ${join('components', example.build)} && npx faas deploy ${path}`;
  }
  try {
    const deployment = {
      name: parseFunctionName(example.name),
      path,
      directories: dirs.map((text) => localGrant(text, folder)),
      settings: { allowedHosts: allowHosts },
    };
    const { urls } = await deployToHost(
      client,
      deployment,
      new DeployProgress(cli.terminal, false),
    );
    const command = example.try.replaceAll('{url}', urls[0] ?? '');
    return `  ${command.padEnd(60)} # ${example.description}`;
  } catch (error) {
    await describeError(error, cli);
    return undefined;
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
