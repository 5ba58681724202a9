/** `--format` and `--quiet`: for people or for scripts. */
import type { Command } from 'commander';
import { HostError } from '../host/base/errors.ts';

/** The flags as commander gives them. */
export interface OutputFlags {
  readonly format: 'table' | 'json';
}

/** Adds `--format`. */
export function addFormatFlag(command: Command): Command {
  return command.option('--format <format>', 'table or json', parseFormat, 'table');
}

function parseFormat(text: string): OutputFlags['format'] {
  if (text === 'table' || text === 'json') return text;
  throw new HostError('invalid_flag', {
    flag: '--format',
    value: text.slice(0, 40),
    reason: 'there is no such format',
    fix: 'Give "table" or "json"',
  });
}
