/** What the documents say, read back: rows of tables, links, and the files of the project that they name. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { ROOT, type SourceFile } from './source-files.ts';

/** Everything that is written for people. */
export function readDocuments(): readonly SourceFile[] {
  return globSync(['*.md', 'docs/*.md', '{benchmarks,components,sdk}/*.md'], { cwd: ROOT })
    .map((path) => path.split('\\').join('/'))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

/** Cells of the table rows whose first cell is code: `` | `name` | … | ``. */
export function codeRowsOf({ text }: SourceFile): readonly (readonly string[])[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .slice(1, line.lastIndexOf('|'))
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim().replaceAll('\\|', '|')),
    );
}

/** Links to files of the project that are not there, or to headings that are not in them. */
export function findDeadLinks(
  document: SourceFile,
  read: (path: string) => string | undefined = readIfThere,
): readonly string[] {
  const targets = [...withoutCode(document.text).matchAll(/\]\(([^)\s]+)\)/g)].map(
    ([, target = '']) => target,
  );
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? document.path : posix.join(posix.dirname(document.path), path);
      const text = read(file);
      if (text === undefined) return true;
      return anchor !== undefined && !anchorsOf(text).has(anchor);
    })
    .map((target) => `${document.path} links to ${target}`);
}

/** Files and folders of the project that a document names as code and that are not there; results are made when somebody measures. */
export function findDeadPaths(
  { path, text }: SourceFile,
  exists: (path: string) => boolean = (name) => existsSync(join(ROOT, name)),
): readonly string[] {
  const named = text.matchAll(
    /`((?:host|cli|tests|docs|components|benchmarks|sdk)\/[\w./-]*[\w/])`/g,
  );
  return [...named]
    .map(([, name = '']) => name)
    .filter((name) => !name.startsWith('benchmarks/results/') && !exists(name))
    .map((name) => `${path} names ${name}`);
}

function readIfThere(path: string): string | undefined {
  const file = join(ROOT, path);
  if (!existsSync(file)) return undefined;
  return path.endsWith('.md') ? readFileSync(file, 'utf8') : '';
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '');
}

/** Anchors of the headings, as GitHub makes them. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\s-]/g, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  );
}
