/** `faas kv get|set|delete|list`: looking into key-value stores, and writing to them. */
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { Command } from 'commander';
import type { AnswerOf } from '../../host/admin/api/operation-types.ts';
import { formatSize, parseDuration } from '../../host/base/units.ts';
import type { Cli } from '../cli.ts';
import { addConnectionFlags, openClient, type ConnectionFlags } from '../connection.ts';
import { readCount } from '../flag-values.ts';
import { toFileError } from '../local-file.ts';
import { addFormatFlag, type OutputFlags } from '../output-flags.ts';
import { showTime } from '../show-version.ts';
import { toTerminalLines } from '../terminal-text.ts';

const STORE = 'NAME (its store "default"), NAME/STORE, or @SHARED';
const LIST_LIMIT = 100;

interface Flags extends ConnectionFlags, OutputFlags {}

/** Makes the command with its subcommands. */
export function kvCommand(cli: Cli): Command {
  return new Command('kv')
    .description('read and write key-value stores')
    .addCommand(getCommand(cli))
    .addCommand(setCommand(cli))
    .addCommand(deleteKeyCommand(cli))
    .addCommand(listKeysCommand(cli));
}

function getCommand(cli: Cli): Command {
  const command = storeCommand('get', 'print a value').argument('<key>', 'the key');
  return command.action(async (store: string, key: string, flags: Flags) => {
    await using client = await openClient(flags, cli);
    const view = await client.call('GET /v1/key-value/value', { query: { store, key } });
    if (flags.format === 'json') return cli.terminal.printJson<'kv get'>(view);
    const value = Buffer.from(view.valueBase64, 'base64');
    if (!cli.terminal.showsOutput) return cli.terminal.print(value);
    const text = toTerminalLines(value.toString('utf8'));
    return cli.terminal.print(text.endsWith('\n') ? text : `${text}\n`);
  });
}

function setCommand(cli: Cli): Command {
  const command = storeCommand('set', 'set a value')
    .argument('<key>', 'the key')
    .argument('<value>', 'text, @FILE, or - for stdin')
    .option('--ttl <duration>', 'time after which the key is gone, like 10m', parseDuration)
    .option('--metadata <text>', 'text that is kept with the value and listed with the key');
  return command.action(async (store: string, key: string, text: string, flags: SetFlags) => {
    const json = {
      valueBase64: (await readValue(text, cli)).toString('base64'),
      ttlMs: flags.ttl === undefined ? undefined : Math.ceil(flags.ttl),
      metadata: flags.metadata,
    };
    await using client = await openClient(flags, cli);
    const done = await client.call('PUT /v1/key-value/value', { query: { store, key }, json });
    if (flags.format === 'json') return cli.terminal.printJson<'kv set'>(done);
    return undefined;
  });
}

interface SetFlags extends Flags {
  readonly ttl?: number;
  readonly metadata?: string;
}

function deleteKeyCommand(cli: Cli): Command {
  const command = storeCommand('delete', 'delete a key').alias('rm').argument('<key>', 'the key');
  return command.action(async (store: string, key: string, flags: Flags) => {
    await using client = await openClient(flags, cli);
    const done = await client.call('DELETE /v1/key-value/value', { query: { store, key } });
    if (flags.format === 'json') return cli.terminal.printJson<'kv delete'>(done);
    return undefined;
  });
}

function listKeysCommand(cli: Cli): Command {
  const command = storeCommand('list', 'list keys')
    .alias('ls')
    .option('--prefix <text>', 'only keys that begin so')
    .option('--limit <n>', 'most keys to show', readCount('--limit', 1), LIST_LIMIT);
  return command.action(async (store: string, flags: ListFlags) => {
    await using client = await openClient(flags, cli);
    const keys: AnswerOf<'GET /v1/key-value/keys'>['keys'][0][] = [];
    let cursor: string | undefined;
    do {
      const { prefix } = flags;
      const query = { store, prefix, cursor, limit: flags.limit - keys.length };
      const page = await client.call('GET /v1/key-value/keys', { query });
      keys.push(...page.keys);
      ({ cursor } = page);
    } while (cursor !== undefined && keys.length < flags.limit);
    if (flags.format === 'json') return cli.terminal.printJson<'kv list'>(keys);
    await cli.terminal.printTable(
      ['KEY', 'SIZE', 'EXPIRES', 'METADATA'],
      keys.map(({ key, size, expiresAtMs, metadata = '' }) => [
        key,
        formatSize(size),
        expiresAtMs === undefined ? 'never' : showTime(expiresAtMs),
        metadata,
      ]),
    );
    if (cursor !== undefined) await cli.terminal.note('there are more; --limit shows them');
    return undefined;
  });
}

interface ListFlags extends Flags {
  readonly prefix?: string;
  readonly limit: number;
}

function storeCommand(name: string, description: string): Command {
  const command = new Command(name).description(description).argument('<store>', STORE);
  return addFormatFlag(addConnectionFlags(command));
}

async function readValue(text: string, { stdin }: Cli): Promise<Buffer> {
  if (text === '-') return buffer(stdin);
  if (!text.startsWith('@')) return Buffer.from(text);
  const file = text.slice(1);
  return readFile(file).catch((error: unknown) => {
    throw toFileError(error, file);
  });
}
