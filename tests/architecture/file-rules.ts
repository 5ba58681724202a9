/** What a source file must look like: its name, its first lines, its length. STYLE rules 1 and 2. */
import type { SourceFile } from './source-files.ts';

/** Most lines of a source file, and of a test. */
const MOST_LINES = { source: 400, test: 600 };

/** A longer file says in its opening comment why it is one, with these words. */
const EXCUSE = /\blong because\b/i;

/** Names that say nothing about what is inside. */
const VAGUE = new Set(['utils', 'util', 'helpers', 'helper', 'misc', 'common', 'shared', 'stuff']);

/** Files that are too long and do not say why. */
export function findLongFiles(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap((file) => {
    const lines = file.text.split('\n').length - 1;
    const most = file.path.startsWith('tests/') ? MOST_LINES.test : MOST_LINES.source;
    if (lines <= most || EXCUSE.test(openingCommentOf(file) ?? '')) return [];
    return [`${file.path} has ${lines} lines, more than ${most}, and does not say why`];
  });
}

/** Files whose name is vague, not in kebab-case, or that of a barrel. */
export function findBadNames(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap(({ path }) => {
    const name = (path.split('/').at(-1) ?? '').replace(/(?:\.(?:d|test|long))*\.[jt]s$/, '');
    if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name)) return [`${path} is not in kebab-case`];
    if (VAGUE.has(name)) return [`${path} has a name that says nothing`];
    return name === 'index' ? [`${path} is a barrel`] : [];
  });
}

/** Files that do not open with a comment. */
export function findUncommented(files: readonly SourceFile[]): readonly string[] {
  return files.filter((file) => openingCommentOf(file) === undefined).map(({ path }) => path);
}

function openingCommentOf({ text }: SourceFile): string | undefined {
  return /^(?:#!.*\n)?\/\*\*([\s\S]*?)\*\//.exec(text)?.[1];
}
