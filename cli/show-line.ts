/** A log line → one line for a person, harmless on a terminal. */
import type { LineView } from '../host/admin/views.ts';
import type { Terminal } from './terminal.ts';
import { toTerminalText } from './terminal-text.ts';

const STREAM_WIDTH = 6;

/** Formats a line for stdout, with its line end. */
export function showLine(line: LineView, terminal: Terminal): string {
  const time = terminal.outStyle('dim', new Date(line.atMs).toISOString());
  const origin = toTerminalText(`v${line.version} ${line.requestId}`);
  const stream = toTerminalText(line.stream).padEnd(STREAM_WIDTH);
  const text = toTerminalText(line.text);
  const shown =
    line.stream === 'host'
      ? terminal.outStyle('yellow', `${stream} ${text}`)
      : `${terminal.outStyle('cyan', stream)} ${text}`;
  return `${time} ${terminal.outStyle('dim', origin)} ${shown}\n`;
}
