/** `faas logs NAME [-f]`: what a function has written, and with `-f` what it writes. */
import { Command } from 'commander';
import { HostError } from '../../host/base/errors.ts';
import { parseFunctionName } from '../../host/base/ids.ts';
import type { LogEventView } from '../api-views.ts';
import type { Cli } from '../cli.ts';
import { addConnectionFlags, openClient, type ConnectionFlags } from '../connection.ts';
import { EXIT } from '../exit-codes.ts';
import { addFormatFlag, type OutputFlags } from '../output-flags.ts';
import { showLine } from '../show-line.ts';

type Flags = ConnectionFlags &
  OutputFlags & { readonly follow?: boolean; readonly tail: number; readonly request?: string };

const DEFAULT_TAIL = 100;

/** Makes the command. */
export function logsCommand(cli: Cli): Command {
  const command = new Command('logs')
    .description('show what a function has written to stdout and stderr')
    .argument('<name>', 'the function')
    .option('-f, --follow', 'wait for more until Ctrl-C')
    .option('--tail <n>', 'last lines to show', parseTail, DEFAULT_TAIL)
    .option('--request <id>', 'only lines of this request');
  addFormatFlag(addConnectionFlags(command));
  return command.action(async (name: string, flags: Flags) => {
    const path = `/v1/functions/${parseFunctionName(name)}/logs?${queryOf(flags)}`;
    await using client = await openClient(flags, cli);
    const signal = flags.follow === true ? cli.onInterrupt() : undefined;
    const call = { method: 'GET', path, ...(signal === undefined ? {} : { signal }) } as const;
    for await (const event of client.lines<LogEventView>(call)) await show(event, flags, cli);
    if (signal?.aborted === true) cli.endWith(EXIT.interrupted);
  });
}

function queryOf({ tail, follow, request }: Flags): string {
  const query = new URLSearchParams({ tail: String(tail), follow: String(follow === true) });
  if (request !== undefined) query.set('request', request);
  return query.toString();
}

async function show(event: LogEventView, { format }: Flags, { terminal }: Cli): Promise<void> {
  const { line, lost } = event;
  if (line === undefined && lost === undefined) return;
  if (format === 'json') return terminal.print(`${JSON.stringify(line ?? event)}\n`);
  if (line !== undefined) return terminal.print(showLine(line, terminal));
  return terminal.note(
    terminal.noteStyle('yellow', `${lost} lines were lost: too many to show in time`),
  );
}

function parseTail(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new HostError('invalid_flag', {
    flag: '--tail',
    value: text.slice(0, 40),
    reason: 'it is not a number of lines',
    fix: 'Write it like --tail 50',
  });
}
