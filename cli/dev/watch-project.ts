/** Changes of files → one call when it is quiet again: editors save in several steps, and several files at once. */
import { watch, type FSWatcher } from 'node:fs';
import { join, sep } from 'node:path';

/** How long nothing must change. */
const QUIET_MS = 50;

/** What is watched. */
export interface WatchRules {
  /** Folders, with all below them. */
  readonly roots: readonly string[];
  /** Whether nothing below a path is of interest: it is not even looked at. */
  ignores(path: string): boolean;
  /** Whether a change of a path counts. */
  includes(path: string): boolean;
}

/**
 * Watches until it is closed.
 *
 * @param onChange Called with what has changed.
 * @param onError A folder cannot be watched (any longer).
 */
export function watchProject(
  rules: WatchRules,
  onChange: (paths: readonly string[]) => void,
  onError: (error: Error) => void,
): Disposable {
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    const paths = [...changed];
    changed.clear();
    onChange(paths);
  };
  const watchers: FSWatcher[] = [];
  const isIgnored = (root: string, name: string): boolean =>
    rules.ignores(join(root, name)) || name.split(sep).some((part) => part.startsWith('.#'));
  for (const root of new Set(rules.roots)) {
    try {
      const ignore = (name: string): boolean => isIgnored(root, name);
      const watcher = watch(root, { recursive: true, ignore }, (_event, name) => {
        if (name === null || isIgnored(root, name)) return;
        const path = join(root, name);
        if (!rules.includes(path)) return;
        changed.add(path);
        clearTimeout(timer);
        timer = setTimeout(flush, QUIET_MS);
      });
      watcher.on('error', onError);
      watchers.push(watcher);
    } catch (error) {
      onError(error instanceof Error ? error : new Error(String(error)));
    }
  }
  return {
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
}
