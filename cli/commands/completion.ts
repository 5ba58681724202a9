/** `faas completion bash|zsh|fish`: prints the script by which a shell completes `faas`. */
import { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { listCommands } from '../completion/command-specs.ts';
import { completionScript, SHELLS, type Shell } from '../completion/completion-scripts.ts';
import { readWord } from '../flag-values.ts';
import { addFormatFlag, type OutputFlags } from '../output-flags.ts';

/** Makes the command. */
export function completionCommand(cli: Cli): Command {
  const command: Command = new Command('completion')
    .description('print the script by which bash, zsh or fish completes "faas"')
    .argument('<shell>', SHELLS.join(', '), readWord('shell', SHELLS));
  addFormatFlag(command);
  return command.action(async (shell: Shell, { format }: OutputFlags) => {
    const { parent } = command;
    const script = completionScript(shell, parent === null ? [] : listCommands(parent));
    if (format === 'json') return cli.terminal.printJson<'completion'>({ shell, script });
    return cli.terminal.print(script);
  });
}
