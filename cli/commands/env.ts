/** `faas env set|unset|list`: the variables of a deployed function, changed without sending its artifact again. */
import { text } from 'node:stream/consumers';
import { Command } from 'commander';
import type { BodyOf } from '../../host/admin/api/operation-types.ts';
import type { DeployResultView } from '../../host/admin/views.ts';
import { HostError } from '../../host/base/errors.ts';
import { parseFunctionName } from '../../host/base/ids.ts';
import type { Cli } from '../cli.ts';
import { addConnectionFlags, openClient, type ConnectionFlags } from '../connection.ts';
import { asIs, list, readVariable } from '../flag-values.ts';
import { addFormatFlag, type OutputFlags } from '../output-flags.ts';
import { toTerminalText } from '../terminal-text.ts';

type Change = BodyOf<'PATCH /v1/functions/{name}/environment'>;
type Variable = readonly [name: string, value: string];

interface Flags extends ConnectionFlags, OutputFlags {}

interface SetFlags extends Flags {
  readonly configVar?: readonly Variable[];
  readonly secret?: readonly (Variable | readonly [name: string])[];
}

interface UnsetFlags extends Flags {
  readonly configVar?: readonly string[];
  readonly secret?: readonly string[];
}

/** Makes the command with its subcommands. */
export function envCommand(cli: Cli): Command {
  return new Command('env')
    .description('change the variables of a function without deploying it again')
    .addCommand(setCommand(cli))
    .addCommand(unsetCommand(cli))
    .addCommand(listVariablesCommand(cli));
}

function setCommand(cli: Cli): Command {
  const command = new Command('set')
    .description('set environment variables, configuration and secrets, in one new version')
    .argument('<name>', 'the function')
    .argument('[variable...]', 'environment variables: NAME=VALUE')
    .option(
      '--config-var <name=value>',
      'value that it reads by wasi:config; repeatable',
      list(readVariable('--config-var')),
    )
    .option(
      '--secret <name=value>',
      'the same, for secrets; with the name alone its value is read from stdin; repeatable',
      list(readSecret),
    );
  addFormatFlag(addConnectionFlags(command));
  return command.action(async (name: string, variables: readonly string[], flags: SetFlags) => {
    const environment = variables.map(readVariable('variable'));
    const { configVar = [], secret = [] } = flags;
    checkAny(environment.length + configVar.length + secret.length);
    const secrets = await fillSecrets(secret, cli);
    const groups = { environment, config: [...configVar], secrets };
    const set = groups as unknown as NonNullable<Change['set']>;
    await change(name, { set }, flags, cli);
  });
}

function unsetCommand(cli: Cli): Command {
  const command = new Command('unset')
    .description('remove environment variables, configuration and secrets, in one new version')
    .argument('<name>', 'the function')
    .argument('[variable...]', 'names of environment variables')
    .option('--config-var <name>', 'name of a configuration value; repeatable', list(asIs))
    .option('--secret <name>', 'name of a secret; repeatable', list(asIs));
  addFormatFlag(addConnectionFlags(command));
  return command.action(async (name: string, environment: string[], flags: UnsetFlags) => {
    const { configVar: config = [], secret: secrets = [] } = flags;
    checkAny(environment.length + config.length + secrets.length);
    const unset = { environment, config: [...config], secrets: [...secrets] };
    await change(name, { unset }, flags, cli);
  });
}

function listVariablesCommand(cli: Cli): Command {
  const command = new Command('list')
    .alias('ls')
    .description('list the names of its variables; values are never shown')
    .argument('<name>', 'the function');
  addFormatFlag(addConnectionFlags(command));
  return command.action(async (name: string, flags: Flags) => {
    await using client = await openClient(flags, cli);
    const params = { name: parseFunctionName(name) };
    const { live } = await client.call('GET /v1/functions/{name}', { params });
    const kinds = [
      ['environment', live.environment],
      ['config', live.config],
      ['secret', live.secrets],
    ] as const;
    const variables = kinds.flatMap(([kind, names]) =>
      names.map((variable) => ({ name: variable, kind })),
    );
    if (flags.format === 'json') return cli.terminal.printJson<'env list'>(variables);
    return cli.terminal.printTable(
      ['NAME', 'KIND'],
      variables.map((one) => [one.name, one.kind]),
    );
  });
}

async function change(name: string, json: Change, flags: Flags, cli: Cli): Promise<void> {
  const params = { name: parseFunctionName(name) };
  const key = 'PATCH /v1/functions/{name}/environment';
  await using client = await openClient(flags, cli);
  // The host may have to prepare the artifact anew, if it is of another release than when it was deployed.
  const result = await client.call(key, { params, json }, { patient: true });
  if (flags.format === 'json') await cli.terminal.printJson<'env set'>(result);
  else await printChange(result, cli);
}

async function printChange(
  { version, result }: DeployResultView,
  { terminal }: Cli,
): Promise<void> {
  const what = result === 'unchanged' ? 'is live already: nothing has changed' : 'is live';
  const text = toTerminalText(`${version.function} version ${version.version} ${what}`);
  await terminal.print(`${terminal.outStyle('green', text)}\n`);
}

/** `NAME=VALUE`, or the name alone, so that the value is in no list of processes and no history of a shell. */
function readSecret(given: string): Variable | readonly [name: string] {
  return given.includes('=') ? readVariable('--secret', 'hidden')(given) : [given];
}

async function fillSecrets(
  secrets: NonNullable<SetFlags['secret']>,
  { stdin }: Cli,
): Promise<readonly Variable[]> {
  const [unfilled, ...more] = secrets.filter((secret) => secret.length === 1);
  if (unfilled === undefined) return secrets as readonly Variable[];
  if (more.length > 0) {
    throw new HostError('invalid_flag', {
      flag: '--secret',
      value: more
        .map(([name]) => name)
        .join(', ')
        .slice(0, 100),
      reason: 'only one value can be read from stdin',
      fix: 'Run the command once for each of them',
    });
  }
  // What wrote it has ended it as a line.
  const value = (await text(stdin)).replace(/\r?\n$/, '');
  return secrets.map(([name, given]) => [name, given ?? value]);
}

function checkAny(count: number): void {
  if (count > 0) return;
  throw new HostError('invalid_flag', {
    flag: 'variable',
    value: '',
    reason: 'nothing is named that is to change',
    fix: 'Write it like "faas env set NAME KEY=VALUE" or "faas env unset NAME KEY"',
  });
}
