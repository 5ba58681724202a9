/**
 * Which changes of files mean another build. A build that writes into what it watches would build for ever: a file
 * that is written with the same content has not changed, and one that every build writes anew is made by it.
 */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';

/** Turns in a row that nothing but the build before caused, after which its files count as made by it. */
const MOST_ECHOES = 4;
/** Larger files count as changed whenever they are written. */
const MAX_BYTES = 8 * 1024 * 1024;
/** Clocks of file systems lag by a tick. */
const CLOCK_LAG_MS = 20;

/** Remembers what files held. */
export class RealChanges {
  readonly #contents = new Map<string, string>();
  readonly #made = new Set<string>();
  #window = { startMs: 0, endMs: 0 };
  #echoes = 0;

  /** When the last build ran. */
  setBuild(startMs: number, endMs: number): void {
    this.#window = { startMs: startMs - CLOCK_LAG_MS, endMs: endMs + CLOCK_LAG_MS };
  }

  /**
   * Leaves out what has not really changed.
   *
   * @returns What has, and what is held for made by the build from now on.
   */
  async filter(paths: readonly string[]): Promise<{ changed: string[]; made: string[] }> {
    const changed: string[] = [];
    let isEcho = true;
    for (const path of paths) {
      const { content, mtimeMs } = await look(path);
      const isInBuild = mtimeMs >= this.#window.startMs && mtimeMs <= this.#window.endMs;
      if (this.#made.has(path) && isInBuild) continue;
      // Somebody edits it after all.
      this.#made.delete(path);
      if (content !== undefined && this.#contents.get(path) === content) continue;
      if (content !== undefined) this.#contents.set(path, content);
      changed.push(path);
      isEcho &&= isInBuild;
    }
    if (changed.length === 0) return { changed, made: [] };
    this.#echoes = isEcho ? this.#echoes + 1 : 0;
    if (this.#echoes <= MOST_ECHOES) return { changed, made: [] };
    for (const path of changed) this.#made.add(path);
    this.#echoes = 0;
    return { changed: [], made: changed };
  }
}

async function look(path: string): Promise<{ content: string | undefined; mtimeMs: number }> {
  try {
    const { size, mtimeMs } = await stat(path);
    if (size > MAX_BYTES) return { content: undefined, mtimeMs };
    const content = createHash('sha256')
      .update(await readFile(path))
      .digest('base64');
    return { content, mtimeMs };
  } catch {
    // A folder, or a file that is gone: its name in place of a content, so that it counts once.
    return { content: undefined, mtimeMs: 0 };
  }
}
