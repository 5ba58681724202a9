/** `faas describe NAME`: all about a function and its live version. */
import { Command } from 'commander';
import { parseFunctionName } from '../../host/base/ids.ts';
import type { Cli } from '../cli.ts';
import { addConnectionFlags, openClient, type ConnectionFlags } from '../connection.ts';
import { addFormatFlag, type OutputFlags } from '../output-flags.ts';
import { showTime, showVersion } from '../show-version.ts';

/** Makes the command. */
export function describeCommand(cli: Cli): Command {
  const command = new Command('describe')
    .description('show a function and its live version')
    .argument('<name>', 'the function');
  addFormatFlag(addConnectionFlags(command));
  return command.action(async (name: string, flags: ConnectionFlags & OutputFlags) => {
    const params = { name: parseFunctionName(name) };
    await using client = await openClient(flags, cli);
    const view = await client.call('GET /v1/functions/{name}', { params });
    if (flags.format === 'json') return cli.terminal.printJson<'describe'>(view);
    return cli.terminal.printFields([
      ['name', view.name],
      ['version', String(view.live.version)],
      ...view.urls.map((url) => ['url', url] as const),
      ['created', showTime(view.createdMs)],
      ...showVersion(view.live),
      ...view.findings.map((finding) => ['found', finding] as const),
    ]);
  });
}
