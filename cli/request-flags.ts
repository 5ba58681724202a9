/** The flags of commands that send a request to a function: its header fields and its body. */
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import type { Command } from 'commander';
import { HostError } from '../host/base/errors.ts';
import type { Cli } from './cli.ts';
import { toFileError } from './local-file.ts';

/** The flags as commander gives them. */
export interface RequestFlags {
  readonly method?: string;
  /** `name: value`. */
  readonly header?: readonly string[];
  readonly data?: string;
}

/** Adds them to a command. */
export function addRequestFlags(command: Command): Command {
  return command
    .option('-X, --method <method>', 'HTTP method (default: GET, or POST with -d)')
    .option('-H, --header <field>', "header field, 'name: value'; repeatable", parseHeader)
    .option('-d, --data <data>', 'body: text, @FILE, or - for stdin');
}

/** The method that is meant. */
export function methodOf({ method, data }: RequestFlags): string {
  return method?.toUpperCase() ?? (data === undefined ? 'GET' : 'POST');
}

/**
 * Reads the body.
 *
 * @throws {file_unreadable} If it is a file that cannot be read.
 */
export async function readBody(data: string | undefined, { stdin }: Cli): Promise<Uint8Array> {
  if (data === undefined) return new Uint8Array(0);
  if (data === '-') return buffer(stdin);
  if (!data.startsWith('@')) return Buffer.from(data);
  const file = data.slice(1);
  return readFile(file).catch((error: unknown) => {
    throw toFileError(error, file);
  });
}

function parseHeader(text: string, before: readonly string[] = []): readonly string[] {
  if (/^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\0\r\n]*$/.test(text)) return [...before, text];
  throw new HostError('invalid_flag', {
    flag: '--header',
    value: text.slice(0, 100),
    reason: "it is not 'name: value'",
    fix: "Write it like -H 'accept: text/plain'",
  });
}
