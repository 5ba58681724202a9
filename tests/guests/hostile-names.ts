/**
 * Names that are code: whoever pastes a core name into JavaScript unescaped runs them. Every payload
 * sets `globalThis.__pwned` or the process's exit code when it runs; nothing else does.
 *
 * Each guest is a valid `wasi:cli/run` command that succeeds, so a host may refuse it or replace the
 * name, and must do one of the two.
 */
import { wat, watString } from './wat.ts';

const RUN = 'globalThis.__pwned=true';

/** Payloads by what they break out of. */
export const HOSTILE_NAMES = {
  'single quotes': `'+(${RUN})+'`,
  'single quotes and a statement': `']);${RUN};//`,
  'double quotes': `"+(${RUN})+"`,
  'double quotes and a statement': `"]);${RUN};//`,
  backslashes: `\\');${RUN};//`,
  'a backslash at the end': `a\\`,
  backticks: `\`+(${RUN})+\``,
  'a template': `\${${RUN}}`,
  'a line feed': `\n${RUN}\n`,
  'a carriage return': `\r${RUN}\r`,
  'U+2028': `\u2028${RUN}\u2028`,
  'U+2029': `\u2029${RUN}\u2029`,
  'a comment': `*/${RUN}/*`,
  'a call of process': `'+(process.exitCode=86)+'`,
  'no characters': '',
} as const satisfies Record<string, string>;

/** Names that harm only whoever keeps names as keys of plain objects. */
export const SPECIAL_NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'then'] as const;

/** Where a core name can stand; each is a file `wat/name-*.wat`. */
export const NAME_PLACES = [
  'import-module',
  'import-field',
  'export',
  'instance-export',
  'nested',
  'twice-nested',
  'debug-name',
] as const;

/** A place of `NAME_PLACES`. */
export type NamePlace = (typeof NAME_PLACES)[number];

/** A component with this name in this place. */
export function namedComponent(place: NamePlace, name: string): Promise<Uint8Array> {
  return wat(`name-${place}`, { name: watString(name) });
}

/** A preview1 core module that exports this name besides what a command exports. */
export function namedModule(name: string): Promise<Uint8Array> {
  return wat('name-core-module', { name: watString(name) });
}
