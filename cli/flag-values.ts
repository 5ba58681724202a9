/** Text of flags → values. A flag that cannot be read is an error that names it and shows how it is written. */
import { HostError } from '../host/base/errors.ts';

/** Collects a repeatable flag. */
export function list<T>(
  parse: (text: string) => T,
): (text: string, before: readonly T[] | undefined) => readonly T[] {
  return (text, before = []) => [...before, parse(text)];
}

/** Takes a text as it is. */
export function asIs(text: string): string {
  return text;
}

/**
 * Reads `NAME=VALUE`.
 *
 * @param show `hidden`: what was given may be a secret, and is not in the error.
 */
export function readVariable(
  flag: string,
  show: 'shown' | 'hidden' = 'shown',
): (text: string) => readonly [string, string] {
  return (text) => {
    const at = text.indexOf('=');
    if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
    throw new HostError('invalid_flag', {
      flag,
      value: show === 'shown' ? text.slice(0, 100) : '…',
      reason: 'it is not NAME=VALUE',
      fix: `Write it like ${flag} GREETING=hello`,
    });
  };
}

/** Reads `LABEL` or `LABEL=NAME`; the host checks both. */
export function parseStoreGrant(text: string): {
  readonly label: string;
  readonly shared?: string;
} {
  const at = text.indexOf('=');
  if (at < 0) return { label: text };
  return { label: text.slice(0, at), shared: text.slice(at + 1) };
}

/** Reads a whole number. */
export function readCount(flag: string, least: 0 | 1): (text: string) => number {
  return (text) => {
    if (/^(0|[1-9]\d{0,8})$/.test(text) && Number(text) >= least) return Number(text);
    throw new HostError('invalid_flag', {
      flag,
      value: text.slice(0, 40),
      reason: `it is not a whole number of at least ${least}`,
      fix: `Write it like ${flag} 16`,
    });
  };
}

/** Reads a number of requests a second. */
export function parseRate(text: string): number {
  const rate = /^\d{1,7}(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (rate > 0) return rate;
  throw new HostError('invalid_flag', {
    flag: '--max-rps',
    value: text.slice(0, 40),
    reason: 'it is not a number of more than 0',
    fix: 'Write it like --max-rps 100 or --max-rps 0.5',
  });
}

/** Reads one of a few words. */
export function readWord<Word extends string>(
  flag: string,
  words: readonly Word[],
): (text: string) => Word {
  return (text) => {
    const word = words.find((known) => known === text);
    if (word !== undefined) return word;
    throw new HostError('invalid_flag', {
      flag,
      value: text.slice(0, 40),
      reason: 'there is no such word',
      fix: `Give ${words.map((known) => `"${known}"`).join(' or ')}`,
    });
  };
}
