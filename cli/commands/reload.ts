/** `faas reload`: replaces the workers of a host one after the other, without a dropped request. */
import { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { addConnectionFlags, openClient, type ConnectionFlags } from '../connection.ts';
import { addFormatFlag, type OutputFlags } from '../output-flags.ts';

type Flags = ConnectionFlags & OutputFlags;

/** Makes the command. */
export function reloadCommand(cli: Cli): Command {
  const command = new Command('reload').description(
    'replace the workers of the host one after the other',
  );
  addFormatFlag(addConnectionFlags(command));
  return command.action(async (flags: Flags) => {
    await using client = await openClient(flags, cli);
    const view = await client.call('POST /v1/reload', {}, { patient: true });
    if (flags.format === 'json') return cli.terminal.printJson<'reload'>(view);
    if (view.workers > 0) {
      return cli.terminal.print(`${view.workers} workers replaced in ${view.ms} ms\n`);
    }
    const text =
      'release or configuration have changed: a new supervisor takes over, and replaces the workers';
    return cli.terminal.print(`${text}\n`);
  });
}
