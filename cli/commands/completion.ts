/** `faas completion bash|zsh|fish`: prints the script by which a shell completes `faas`. */
import { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { listCommands } from '../completion/command-specs.ts';
import { completionScript, SHELLS, type Shell } from '../completion/completion-scripts.ts';
import { readWord } from '../flag-values.ts';

/** Makes the command. */
export function completionCommand(cli: Cli): Command {
  const command: Command = new Command('completion')
    .description('print the script by which bash, zsh or fish completes "faas"')
    .argument('<shell>', SHELLS.join(', '), readWord('shell', SHELLS));
  return command.action(async (shell: Shell) => {
    const { parent } = command;
    await cli.terminal.print(completionScript(shell, parent === null ? [] : listCommands(parent)));
  });
}
