/** `faas build`: runs the build of a manifest if something has changed, and says what came of it. */
import { Command } from 'commander';
import type { BuildResult } from '../build/build-project.ts';
import type { Cli } from '../cli.ts';
import { addFormatFlag, type OutputFlags } from '../output-flags.ts';
import { loadFunctions, requireManifest } from '../resolve-deployments.ts';
import { fieldsOfBuild, showBuild } from '../show-build.ts';
import { toTerminalText } from '../terminal-text.ts';

type Flags = OutputFlags & { readonly file?: string; readonly force?: boolean };

/** Makes the command. */
export function buildCommand(cli: Cli): Command {
  const command = new Command('build')
    .description('build the component of a manifest, and show its size and world')
    .argument('[dir]', 'the folder of the manifest; by default the one it runs in')
    .option('-f, --file <manifest>', 'a faas.toml or spin.toml')
    .option('--force', 'build also if nothing has changed');
  addFormatFlag(command);
  return command.action(async (path: string | undefined, flags: Flags) => {
    const file = await requireManifest({ path, file: flags.file });
    const { environment, terminal } = cli;
    const onStart = async (line: string): Promise<void> => {
      if (flags.format !== 'json') await terminal.note(showBuild(line, terminal));
    };
    const options = { environment, force: flags.force === true, onStart };
    const { buildProject } = await import('../build/build-project.ts');
    const results: BuildResult[] = [];
    for (const { loaded } of (await loadFunctions(file, environment)).functions) {
      const result = await buildProject(loaded, options);
      results.push(result);
      if (flags.format !== 'json') await printResult(result, cli);
    }
    const [only] = results;
    if (flags.format !== 'json') return;
    await terminal.printJson<'build'>(only !== undefined && results.length === 1 ? only : results);
  });
}

async function printResult(result: BuildResult, { terminal }: Cli): Promise<void> {
  const state = result.built ? 'is built' : 'is up to date: nothing was run';
  const title = toTerminalText(`${result.name} ${state}`);
  await terminal.print(`${terminal.outStyle('green', title)}\n`);
  await terminal.printFields(fieldsOfBuild(result));
}
