/** `faas list`: what is deployed. */
import { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { addConnectionFlags, openClient, type ConnectionFlags } from '../connection.ts';
import { addFormatFlag, type OutputFlags } from '../output-flags.ts';
import { showTime } from '../show-version.ts';

/** Makes the command. */
export function listCommand(cli: Cli): Command {
  const command = new Command('list').alias('ls').description('list the functions');
  addFormatFlag(addConnectionFlags(command));
  return command.action(async (flags: ConnectionFlags & OutputFlags) => {
    await using client = await openClient(flags, cli);
    const { functions } = await client.call('GET /v1/functions', {});
    if (flags.format === 'json') return cli.terminal.printJson<'list'>(functions);
    if (functions.length === 0) {
      return cli.terminal.note('nothing is deployed; "faas deploy FILE" does that');
    }
    return cli.terminal.printTable(
      ['NAME', 'VERSION', 'KIND', 'UPDATED', 'URL'],
      functions.map(({ name, live, updatedMs, urls }) => [
        name,
        String(live.version),
        live.kind,
        showTime(updatedMs),
        urls[0] ?? '',
      ]),
    );
  });
}
