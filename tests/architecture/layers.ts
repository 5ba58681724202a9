/**
 * The layers of `host/` and what breaks them: a folder may import only folders with a lower number, and
 * no two of the same number import each other. The table is that of docs/architecture.md.
 */
import { importedFiles, loadsOf, type SourceFile } from './source-files.ts';

/** Folder → layer. `main.ts` and `host.ts` stand in no folder and above all. */
export const LAYERS: ReadonlyMap<string, number> = new Map([
  ['base', 0],
  ['config', 1],
  ['links', 2],
  ['logs', 1],
  ['metrics', 1],
  ['wasm', 2],
  ['storage', 2],
  ['component', 3],
  ['limits', 3],
  ['artifacts', 3],
  ['registry', 3],
  ['key-value', 3],
  ['engine', 4],
  ['wasi', 4],
  ['instances', 5],
  ['deploy', 5],
  ['invoke', 6],
  ['traffic', 7],
  ['http', 8],
  ['admin', 8],
  ['triggers', 8],
  ['cluster', 9],
]);

const TOP = 10;
const TOP_FILES = new Set([
  'host/main.ts',
  'host/host.ts',
  'host/data-side.ts',
  'host/supervisor.ts',
  'host/worker.ts',
]);

/** Imports that go up, sideways or out of `host/`, each as a line of text. */
export function findLayerBreaks(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap((file) => {
    const own = layerOf(file.path);
    if (own === undefined) return [`${file.path} stands in a folder that has no layer`];
    return importedFiles(file)
      .filter((target) => !isAllowed(file.path, own, target))
      .map((target) => `${file.path} imports ${target}`);
  });
}

/**
 * Cycles of what files load, each as `a → b → a`. Types that refer to each other are no cycle: they are gone when
 * the code runs, and that they stay within a folder is seen to by the layers.
 */
export function findCycles(files: readonly SourceFile[]): readonly string[] {
  const edges = new Map(files.map((file) => [file.path, importedFiles(file, loadsOf(file))]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) cycles.push([...trail.slice(start), path].join(' → '));
    if (start >= 0 || done.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  return cycles;
}

function isAllowed(from: string, own: number, target: string): boolean {
  const other = layerOf(target);
  if (other === undefined) return false;
  return other < own || folderOf(from) === folderOf(target);
}

function layerOf(path: string): number | undefined {
  if (TOP_FILES.has(path)) return TOP;
  const folder = folderOf(path);
  return folder === undefined ? undefined : LAYERS.get(folder);
}

/** The folder below `host/`; that of the two files at the top is empty. */
function folderOf(path: string): string | undefined {
  if (TOP_FILES.has(path)) return '';
  return /^host\/([^/]+)\//.exec(path)?.[1];
}
