/** `faas deploy FILE|DIR`: uploads what the host lacks, deploys, and tells of every step. */
import { Command } from 'commander';
import { parseFunctionName } from '../../host/base/ids.ts';
import { formatSize } from '../../host/base/units.ts';
import type { DeployResultView } from '../api-views.ts';
import type { Cli } from '../cli.ts';
import { addConnectionFlags, openClient, type ConnectionFlags } from '../connection.ts';
import { addDeployFlags, settingsOf, type DeployFlags } from '../deploy-flags.ts';
import { DeployProgress } from '../deploy-progress.ts';
import { deployToHost } from '../deploy-to-host.ts';
import { findComponent, nameFromTitle } from '../find-component.ts';
import { addFormatFlag, type OutputFlags } from '../output-flags.ts';
import { showLimits } from '../show-version.ts';
import { toTerminalText } from '../terminal-text.ts';

type Flags = ConnectionFlags & DeployFlags & OutputFlags & { readonly quiet?: boolean };

/** Makes the command. */
export function deployCommand(cli: Cli): Command {
  const command = new Command('deploy')
    .description('deploy a component or WASI module, and make it live')
    .argument('<file|dir>', 'a .wasm file, or a directory with one')
    .option('-q, --quiet', 'no progress');
  addFormatFlag(addConnectionFlags(addDeployFlags(command)));
  return command.action(async (given: string, flags: Flags) => {
    const { path, title } = await findComponent(given);
    const name = flags.name === undefined ? nameFromTitle(title) : parseFunctionName(flags.name);
    const shown = flags.quiet !== true && flags.format !== 'json';
    const deployment = { name, path, directories: flags.dir ?? [], settings: settingsOf(flags) };
    await using client = await openClient(flags, cli);
    const progress = new DeployProgress(cli.terminal, shown);
    const result = await deployToHost(client, deployment, progress);
    if (flags.format === 'json') await cli.terminal.printJson(result);
    else await printResult(cli, result);
  });
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
    ['limits', `${showLimits(version)}, ${version.limits.concurrency} at once`],
    ...result.findings.map((finding) => ['found', finding] as const),
  ]);
}
