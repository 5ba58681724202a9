/** Any error → `error: …` and `fix: …` on stderr: what, why, what to do. Stacks only with FAAS_DEBUG=1. */
import { CommanderError } from 'commander';
import { HostError } from '../host/base/errors.ts';
import { ApiError } from './api-error.ts';
import type { Cli } from './cli.ts';
import { toTerminalText } from './terminal-text.ts';

/** An error as a person or a program is told of it. */
export interface ErrorDescription {
  readonly message: string;
  readonly code: string | undefined;
  readonly fix: string | undefined;
}

/** Writes the error. */
export async function describeError(error: unknown, cli: Cli): Promise<void> {
  const { terminal, environment } = cli;
  const { message, code, fix } = errorBody(error);
  const suffix = code === undefined ? '' : terminal.noteStyle('dim', ` (${toTerminalText(code)})`);
  await terminal.note(`${terminal.noteStyle('red', 'error:')} ${toTerminalText(message)}${suffix}`);
  if (fix !== undefined && fix !== '') {
    await terminal.note(`  ${terminal.noteStyle('bold', 'fix:')} ${toTerminalText(fix)}`);
  }
  if (environment['FAAS_DEBUG'] === '1' && error instanceof Error) {
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
      await terminal.note(cause.stack ?? cause.message);
    }
  }
}

/** The parts of an error. */
export function errorBody(error: unknown): ErrorDescription {
  if (error instanceof HostError || error instanceof ApiError) {
    return { message: error.message, code: error.code, fix: error.fix };
  }
  if (error instanceof CommanderError) return describeUsage(error.message);
  return {
    message: error instanceof Error ? error.message : String(error),
    code: undefined,
    fix: 'This is a bug; FAAS_DEBUG=1 shows where it happened',
  };
}

/** commander puts its suggestion in brackets on a second line. */
function describeUsage(text: string): ErrorDescription {
  const [first = '', suggestion = ''] = text.split('\n');
  const fix = suggestion === '' ? 'See "faas --help"' : suggestion.replace(/^\((.*)\)$/, '$1');
  return { message: first.replace(/^error: /, ''), code: 'usage', fix };
}
