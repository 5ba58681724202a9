/** `faas logs NAME [-f]`: what a function has written, and with `-f` what it writes. */
import { Command } from 'commander';
import type { LogEventView } from '../../host/admin/views.ts';
import { HostError } from '../../host/base/errors.ts';
import { parseFunctionName } from '../../host/base/ids.ts';
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
    const { tail, request } = flags;
    const follow = flags.follow === true ? ('true' as const) : ('false' as const);
    const input = { params: { name: parseFunctionName(name) }, query: { tail, follow, request } };
    await using client = await openClient(flags, cli);
    const signal = flags.follow === true ? cli.onInterrupt() : undefined;
    const rules = signal === undefined ? {} : { signal };
    for await (const event of client.callLines('GET /v1/functions/{name}/logs', input, rules)) {
      await show(event, flags, cli);
    }
    if (signal?.aborted === true) cli.endWith(EXIT.interrupted);
  });
}

async function show(event: LogEventView, { format }: Flags, { terminal }: Cli): Promise<void> {
  if ('following' in event) return;
  if (format === 'json') {
    return terminal.print(`${JSON.stringify('line' in event ? event.line : event)}\n`);
  }
  if ('line' in event) return terminal.print(showLine(event.line, terminal));
  return terminal.note(
    terminal.noteStyle('yellow', `${event.lost} lines were lost: too many to show in time`),
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
