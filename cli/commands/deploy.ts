/** `faas deploy [FILE|DIR]`: builds what a manifest names, uploads what the host lacks, deploys, tells of every step. */
import { Command } from 'commander';
import type { DeployResultView } from '../../host/admin/views.ts';
import { formatSize } from '../../host/base/units.ts';
import type { Cli } from '../cli.ts';
import { addConnectionFlags, openClient, type ConnectionFlags } from '../connection.ts';
import { addDeployFlags, type DeployFlags } from '../deploy-flags.ts';
import { DeployProgress } from '../deploy-progress.ts';
import { deployToHost } from '../deploy-to-host.ts';
import { addFormatFlag, type OutputFlags } from '../output-flags.ts';
import { resolveDeployments, type BuildRule } from '../resolve-deployments.ts';
import { showBuild } from '../show-build.ts';
import { showLimits } from '../show-version.ts';
import { toTerminalText } from '../terminal-text.ts';

type Flags = ConnectionFlags &
  DeployFlags &
  OutputFlags & { readonly quiet?: boolean; readonly file?: string; readonly build?: boolean };

/** Makes the command. */
export function deployCommand(cli: Cli): Command {
  const command = new Command('deploy')
    .description('deploy a component, a WASI module or what a manifest names, and make it live')
    .argument('[file|dir]', 'a .wasm file, or a directory with faas.toml, spin.toml or one .wasm')
    .option('-f, --file <manifest>', 'a faas.toml or spin.toml')
    .option('--build', 'run the build command of the manifest also if nothing has changed')
    .option('--no-build', 'deploy what is built already')
    .option('-q, --quiet', 'no progress');
  addFormatFlag(addConnectionFlags(addDeployFlags(command)));
  return command.action(async (path: string | undefined, flags: Flags) => {
    const target = { path, file: flags.file };
    const { environment, terminal } = cli;
    const shown = flags.quiet !== true && flags.format !== 'json';
    const onStart = async (line: string): Promise<void> => {
      if (shown) await terminal.note(showBuild(line, terminal));
    };
    const options = { environment, onStart };
    const { deployments, missing } = await resolveDeployments(
      target,
      flags,
      ruleOf(flags),
      options,
    );
    if (shown) await showMissing(missing, cli);
    await using client = await openClient(flags, cli);
    const results: DeployResultView[] = [];
    for (const deployment of deployments) {
      const result = await deployToHost(client, deployment, new DeployProgress(terminal, shown));
      results.push(result);
      if (flags.format !== 'json') await printResult(cli, result);
    }
    if (flags.format !== 'json') return;
    // One function is one value, as ever; an application of several is a list.
    const [only] = results;
    await terminal.printJson<'deploy'>(only !== undefined && results.length === 1 ? only : results);
  });
}

function ruleOf({ build }: Flags): BuildRule {
  if (build === undefined) return 'if-old';
  return build ? 'always' : 'never';
}

async function showMissing(missing: readonly string[], { terminal }: Cli): Promise<void> {
  if (missing.length === 0) return;
  await terminal.note(terminal.noteStyle('yellow', 'not offered here:'));
  for (const what of missing) await terminal.note(`  ${toTerminalText(what)}`);
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
