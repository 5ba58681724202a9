/** `faas delete NAME`: removes a function with all its versions, after asking. */
import { createInterface } from 'node:readline/promises';
import { Command } from 'commander';
import { HostError } from '../../host/base/errors.ts';
import { parseFunctionName } from '../../host/base/ids.ts';
import type { Cli } from '../cli.ts';
import { addConnectionFlags, openClient, type ConnectionFlags } from '../connection.ts';
import { addFormatFlag, type OutputFlags } from '../output-flags.ts';

type Flags = ConnectionFlags & OutputFlags & { readonly yes?: boolean };

/** Makes the command. */
export function deleteCommand(cli: Cli): Command {
  const command = new Command('delete')
    .description('delete a function with all its versions and routes')
    .argument('<name>', 'the function')
    .option('-y, --yes', 'do not ask');
  addFormatFlag(addConnectionFlags(command));
  return command.action(async (text: string, flags: Flags) => {
    const name = parseFunctionName(text);
    if (flags.yes !== true) await confirm(name, cli);
    await using client = await openClient(flags, cli);
    const answer = await client.call('DELETE /v1/functions/{name}', { params: { name } });
    if (flags.format === 'json') return cli.terminal.printJson<'delete'>(answer);
    return cli.terminal.print(`${name} is deleted\n`);
  });
}

/** Asks a person; where there is none, nobody has said yes. */
async function confirm(name: string, { stdin }: Cli): Promise<void> {
  if (!stdin.isTTY) throw new HostError('not_confirmed', { name });
  const lines = createInterface({ input: stdin, output: process.stderr });
  try {
    const answer = await lines.question(`Delete "${name}" with all its versions? [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) throw new HostError('not_confirmed', { name });
  } finally {
    lines.close();
  }
}
