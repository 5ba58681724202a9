/** `faas resume NAME`: lets a function run again that was quarantined because it stopped workers. */
import { Command } from 'commander';
import { parseFunctionName } from '../../host/base/ids.ts';
import type { Cli } from '../cli.ts';
import { addConnectionFlags, openClient, type ConnectionFlags } from '../connection.ts';
import { addFormatFlag, type OutputFlags } from '../output-flags.ts';

/** Makes the command. */
export function resumeCommand(cli: Cli): Command {
  const command = new Command('resume')
    .description('let a function in quarantine run again')
    .argument('<name>', 'the function');
  addFormatFlag(addConnectionFlags(command));
  return command.action(async (name: string, flags: ConnectionFlags & OutputFlags) => {
    const params = { name: parseFunctionName(name) };
    await using client = await openClient(flags, cli);
    const view = await client.call('DELETE /v1/functions/{name}/quarantine', { params });
    if (flags.format === 'json') return cli.terminal.printJson<'resume'>(view);
    const state = view.resumed ? 'is out of quarantine' : 'was not in quarantine: nothing changed';
    return cli.terminal.print(`${view.name} ${state}\n`);
  });
}
