/** `faas rollback NAME [--to N]`: makes another version live; requests under way end on the old one. */
import { Command } from 'commander';
import { HostError } from '../../host/base/errors.ts';
import { parseFunctionName } from '../../host/base/ids.ts';
import type { Cli } from '../cli.ts';
import { addConnectionFlags, openClient, type ConnectionFlags } from '../connection.ts';
import { addFormatFlag, type OutputFlags } from '../output-flags.ts';

type Flags = ConnectionFlags & OutputFlags & { readonly to?: number };

/** Makes the command. */
export function rollbackCommand(cli: Cli): Command {
  const command = new Command('rollback')
    .description('make an earlier version live again')
    .argument('<name>', 'the function')
    .option('--to <version>', 'the version (default: the one that was live before)', parseVersion);
  addFormatFlag(addConnectionFlags(command));
  return command.action(async (name: string, flags: Flags) => {
    const params = { name: parseFunctionName(name) };
    const json = flags.to === undefined ? { previous: true as const } : { version: flags.to };
    await using client = await openClient(flags, cli);
    const view = await client.call('PUT /v1/functions/{name}/aliases/live', { params, json });
    if (flags.format === 'json') return cli.terminal.printJson<'rollback'>(view);
    return cli.terminal.print(`${view.name} version ${view.live.version} is live\n`);
  });
}

function parseVersion(text: string): number {
  const digits = text.replace(/^v/, '');
  if (/^[1-9]\d{0,8}$/.test(digits)) return Number(digits);
  throw new HostError('invalid_flag', {
    flag: '--to',
    value: text.slice(0, 40),
    reason: 'it is not the number of a version',
    fix: 'See the numbers with "faas versions NAME"',
  });
}
