/**
 * The project's own files as the tests of this folder see them: paths relative to the project, text, and
 * what each imports. Imports are found by their form, which the formatter keeps uniform; comments are left out.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder, with a slash at its end. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** One file of the project. */
export interface SourceFile {
  /** From the project's folder, with slashes: `host/base/ids.ts`. */
  readonly path: string;
  readonly text: string;
}

/** Reads one file. */
export function readSource(path: string): SourceFile {
  return { path, text: readFileSync(join(ROOT, path), 'utf8') };
}

/**
 * Reads the sources below folders.
 *
 * @param extensions With their dots.
 */
export function readSources(
  folders: readonly string[],
  extensions: readonly string[] = ['.ts', '.js'],
): readonly SourceFile[] {
  return folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && extensions.some((end) => entry.name.endsWith(end)))
      .map((entry) => posix.join(posix.relative(ROOT, entry.parentPath), entry.name))
      .filter((path) => !path.includes('node_modules/') && !path.includes('/.cache/'))
      .sort()
      .map(readSource),
  );
}

/** The text without the comments that stand on lines of their own. */
export function codeOf({ text }: SourceFile): string {
  return text.replaceAll(/^[ \t]*\/\*[\s\S]*?\*\//gm, '').replaceAll(/^[ \t]*\/\/.*$/gm, '');
}

/** What a file imports: specifiers of `import`, `import type`, `export … from` and `import()`. */
export function importsOf(file: SourceFile): readonly string[] {
  return specifiersIn(codeOf(file));
}

/** What is left of the imports of a file when types are gone: what it loads. */
export function loadsOf(file: SourceFile): readonly string[] {
  const code = codeOf(file).replaceAll(/^(?:import|export) type\b[^;]*;/gm, '');
  return specifiersIn(code);
}

function specifiersIn(code: string): readonly string[] {
  const patterns = [
    /^(?:import|export)\b[^;'"]*?\bfrom\s+['"]([^'"]+)['"]/gm,
    /^import\s+['"]([^'"]+)['"]/gm,
    /(?<![#.\w])import\(\s*['"]([^'"]+)['"]/g,
  ];
  return patterns.flatMap((pattern) =>
    [...code.matchAll(pattern)].map(([, specifier = '']) => specifier),
  );
}

/** Whether a file has an `import()` whose target is not written out: no test could follow it. */
export function hasComputedImport(file: SourceFile): boolean {
  return /(?<![#.\w])import\(\s*[^'"\s]/.test(codeOf(file));
}

/**
 * Files of the project that a file imports, by path.
 *
 * @param specifiers Those of `importsOf`, or fewer.
 */
export function importedFiles(
  file: SourceFile,
  specifiers: readonly string[] = importsOf(file),
): readonly string[] {
  return specifiers
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => posix.join(posix.dirname(file.path), specifier));
}

/** Packages that a file imports, without subpaths; Node's own modules keep their `node:`. */
export function importedPackages(file: SourceFile): readonly string[] {
  return importsOf(file)
    .filter((specifier) => !specifier.startsWith('.'))
    .map((specifier) => /^(?:node:.*|@[^/]+\/[^/]+|[^/]+)/.exec(specifier)?.[0] ?? specifier);
}
