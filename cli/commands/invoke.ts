/**
 * `faas invoke NAME [PATH]`: calls a function through the admin API and shows the answer with how the
 * call went. The body goes to stdout as it is; on a terminal, where it could do harm, it is escaped.
 */
import { Command } from 'commander';
import type { InvocationView } from '../../host/admin/views.ts';
import { parseFunctionName } from '../../host/base/ids.ts';
import { formatDuration } from '../../host/base/units.ts';
import type { Cli } from '../cli.ts';
import { addConnectionFlags, openClient, type ConnectionFlags } from '../connection.ts';
import { EXIT } from '../exit-codes.ts';
import { addFormatFlag, type OutputFlags } from '../output-flags.ts';
import { addRequestFlags, methodOf, readBody, type RequestFlags } from '../request-flags.ts';
import { toTerminalLines, toTerminalText } from '../terminal-text.ts';

type Flags = ConnectionFlags &
  OutputFlags &
  RequestFlags & {
    readonly include?: boolean;
    readonly quiet?: boolean;
  };

/** Makes the command. */
export function invokeCommand(cli: Cli): Command {
  const command = new Command('invoke')
    .description('call a function and show how the call went')
    .argument('<name>', 'the function')
    .argument('[path]', 'path and query of the request', '/');
  addRequestFlags(command)
    .option('-i, --include', 'show status and header fields too')
    .option('-q, --quiet', 'only the body: no log lines, no summary');
  addFormatFlag(addConnectionFlags(command));
  return command.action(async (name: string, path: string, flags: Flags) => {
    const params = { name: parseFunctionName(name) };
    const bytes = await readBody(flags.data, cli);
    await using client = await openClient(flags, cli);
    const input = { params, query: queryOf(path, flags), bytes };
    const view = await client.call('POST /v1/functions/{name}/invoke', input, { patient: true });
    if (flags.format === 'json') await cli.terminal.printJson<'invoke'>(view);
    else await show(view, flags, cli);
    if (view.outcome !== 'ok') cli.endWith(EXIT.functionFailed);
  });
}

function queryOf(
  path: string,
  flags: Flags,
): { readonly method: string; readonly path: string; readonly header: string[] } {
  return {
    method: methodOf(flags),
    path: path.startsWith('/') ? path : `/${path}`,
    header: [...(flags.header ?? [])],
  };
}

async function show(view: InvocationView, flags: Flags, cli: Cli): Promise<void> {
  const { terminal } = cli;
  if (flags.include === true) {
    const fields = view.headers.map(([name, value]) => `${toTerminalText(`${name}: ${value}`)}\n`);
    await terminal.print(`HTTP ${view.status}\n${fields.join('')}\n`);
  }
  const body = Buffer.from(view.bodyBase64, 'base64');
  if (!terminal.showsOutput) {
    await terminal.print(body);
  } else {
    const text = toTerminalLines(body.toString('utf8').replaceAll('\r\n', '\n'));
    await terminal.print(text === '' || text.endsWith('\n') ? text : `${text}\n`);
  }
  if (flags.quiet !== true) await showCall(view, cli);
}

/** Log lines, what went wrong, and a summary, on stderr. */
async function showCall(view: InvocationView, { terminal }: Cli): Promise<void> {
  for (const { stream, text } of view.logs) {
    await terminal.note(`${terminal.noteStyle('dim', `[${stream}]`)} ${toTerminalText(text)}`);
  }
  const start = view.start === undefined ? '' : ` ${view.start} start,`;
  const cut = view.truncated ? ', body cut' : '';
  const cpu = view.cpuMs === undefined ? '' : ` cpu ${formatDuration(view.cpuMs)},`;
  const summary = `status ${view.status}, ${view.outcome},${start} ${formatDuration(view.durationMs)},${cpu} version ${view.version}${cut}`;
  await terminal.note(terminal.noteStyle('dim', toTerminalText(summary)));
  if (view.error === undefined) return;
  await terminal.note(
    `${terminal.noteStyle('red', 'error:')} ${toTerminalText(view.error.message)}`,
  );
  if (view.error.fix !== undefined) await terminal.note(`  fix: ${toTerminalText(view.error.fix)}`);
}
