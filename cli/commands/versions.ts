/** `faas versions NAME`: every version of a function, newest first. */
import { Command } from 'commander';
import { parseFunctionName } from '../../host/base/ids.ts';
import { formatSize } from '../../host/base/units.ts';
import type { Cli } from '../cli.ts';
import { addConnectionFlags, openClient, type ConnectionFlags } from '../connection.ts';
import { addFormatFlag, type OutputFlags } from '../output-flags.ts';
import { showLimits, showTime } from '../show-version.ts';

/** Digits of a digest that tell versions apart. */
const SHORT_DIGEST = 'sha256:'.length + 12;

/** Makes the command. */
export function versionsCommand(cli: Cli): Command {
  const command = new Command('versions')
    .description('list the versions of a function')
    .argument('<name>', 'the function');
  addFormatFlag(addConnectionFlags(command));
  return command.action(async (name: string, flags: ConnectionFlags & OutputFlags) => {
    const params = { name: parseFunctionName(name) };
    await using client = await openClient(flags, cli);
    const { versions } = await client.call('GET /v1/functions/{name}/versions', { params });
    if (flags.format === 'json') return cli.terminal.printJson<'versions'>(versions);
    return cli.terminal.printTable(
      ['VERSION', 'LIVE', 'KIND', 'SIZE', 'LIMITS', 'DEPLOYED', 'BY', 'ARTIFACT'],
      versions.map((version) => [
        String(version.version),
        version.live ? 'live' : '',
        version.kind,
        formatSize(version.artifactBytes),
        showLimits(version),
        showTime(version.createdMs),
        version.createdBy,
        version.artifact.slice(0, SHORT_DIGEST),
      ]),
    );
  });
}
