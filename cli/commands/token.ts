/** `faas token create|list`: who may use the admin API. */
import { Command } from 'commander';
import { HostError } from '../../host/base/errors.ts';
import type { Cli } from '../cli.ts';
import { addConnectionFlags, openClient, type ConnectionFlags } from '../connection.ts';
import { addFormatFlag, type OutputFlags } from '../output-flags.ts';
import { showTime } from '../show-version.ts';

const SCOPES = ['read', 'deploy', 'admin'] as const;
type Scope = (typeof SCOPES)[number];

/** Makes the command with its subcommands. */
export function tokenCommand(cli: Cli): Command {
  return new Command('token')
    .description('make and list admin tokens')
    .addCommand(createCommand(cli))
    .addCommand(listTokensCommand(cli));
}

function createCommand(cli: Cli): Command {
  const command = new Command('create')
    .description('make a token; it is shown once')
    .argument('<name>', 'what it is for')
    .option(
      '--scope <scope>',
      'read, deploy or admin; each includes the ones before',
      parseScope,
      'deploy',
    );
  addFormatFlag(addConnectionFlags(command));
  return command.action(
    async (name: string, flags: ConnectionFlags & OutputFlags & { readonly scope: Scope }) => {
      const json = { name, scopes: [flags.scope] };
      await using client = await openClient(flags, cli);
      const made = await client.call('POST /v1/tokens', { json });
      if (flags.format === 'json') return cli.terminal.printJson<'token create'>(made);
      await cli.terminal.note(`token ${made.id} with the scope ${flags.scope}, shown only now:`);
      return cli.terminal.print(`${made.token}\n`);
    },
  );
}

function listTokensCommand(cli: Cli): Command {
  const command = new Command('list').alias('ls').description('list the tokens');
  addFormatFlag(addConnectionFlags(command));
  return command.action(async (flags: ConnectionFlags & OutputFlags) => {
    await using client = await openClient(flags, cli);
    const { tokens } = await client.call('GET /v1/tokens', {});
    if (flags.format === 'json') return cli.terminal.printJson<'token list'>(tokens);
    return cli.terminal.printTable(
      ['ID', 'NAME', 'SCOPES', 'CREATED'],
      tokens.map(({ id, name, scopes, createdMs }) => [
        id,
        name,
        scopes.join(', '),
        showTime(createdMs),
      ]),
    );
  });
}

function parseScope(text: string): Scope {
  const scope = SCOPES.find((known) => known === text);
  if (scope !== undefined) return scope;
  throw new HostError('invalid_flag', {
    flag: '--scope',
    value: text.slice(0, 40),
    reason: 'there is no such scope',
    fix: 'Give "read", "deploy" or "admin"',
  });
}
