/** What a person is shown of a build: the command before it runs, and what it has made. */
import { relative } from 'node:path';
import { formatDuration, formatSize } from '../host/base/units.ts';
import type { BuildResult } from './build/build-project.ts';
import type { Terminal } from './terminal.ts';
import { toTerminalText } from './terminal-text.ts';

/** The line before a build. */
export function showBuild(command: string, terminal: Terminal): string {
  return `${terminal.noteStyle('dim', 'build')} ${toTerminalText(command)}`;
}

/** What was built in one line: `hello.wasm, 58.1 KiB, http component, built in 1.2 s`. */
export function summariseBuild(result: BuildResult): string {
  const file = relative('', result.artifact) || result.artifact;
  const how = result.built ? `built in ${formatDuration(result.buildMs)}` : 'up to date';
  return toTerminalText(
    `${file}, ${formatSize(result.bytes)}, ${result.kind} ${result.form}, ${how}`,
  );
}

/** Names and values for a person. */
export function fieldsOfBuild(result: BuildResult): readonly (readonly [string, string])[] {
  return [
    ['artifact', relative('', result.artifact) || result.artifact],
    ['size', formatSize(result.bytes)],
    ['kind', `${result.kind} (${result.form})`],
    ['world', worldOf(result)],
    ...byPackage(result.exports).map((line) => ['exports', line] as const),
    ...byPackage(result.imports).map((line) => ['imports', line] as const),
  ];
}

/** Interfaces of one package and release on one line: `wasi:io@0.2.12  error, poll, streams`. */
function byPackage(names: readonly string[]): readonly string[] {
  const lines = new Map<string, string[]>();
  for (const name of names) {
    const [, from, item, release = ''] = /^([^/]+)\/([^@]+)(@.*)?$/.exec(name) ?? [];
    const key = from === undefined ? name : from + release;
    lines.set(key, [...(lines.get(key) ?? []), ...(item === undefined ? [] : [item])]);
  }
  return [...lines].map(([key, items]) => `${key}  ${items.join(', ')}`.trimEnd());
}

/** The world by its well-known name. */
function worldOf({ form, kind, exports }: BuildResult): string {
  if (form === 'core module') return 'WASI preview1 command';
  const release = exports
    .map((name) => /^wasi:(?:http|cli)\/.*@(.+)$/.exec(name)?.[1])
    .find(Boolean);
  // WASI 0.3 has another name for it.
  const http = release?.startsWith('0.2.') === false ? 'wasi:http/service' : 'wasi:http/proxy';
  const world = kind === 'http' ? http : 'wasi:cli/command';
  return release === undefined ? world : `${world}@${release}`;
}
