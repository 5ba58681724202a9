/**
 * What was built when: `.faas/NAME.json` beside the manifest. The time of the artifact alone does not tell, because
 * tools leave it alone when nothing has changed, and files may be edited while a build runs.
 */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoadedManifest } from '../manifest/load-manifest.ts';

interface Stamp {
  readonly command: string;
  /** When the build began: what is changed later is not in it. */
  readonly startedMs: number;
  readonly artifact: { readonly mtimeMs: number; readonly size: number };
}

/** Keeps what tools make out of version control, wherever the project's own rules leave off. */
const GITIGNORE = '*\n';

/**
 * The moment from which on a changed file makes the artifact old.
 *
 * @returns Undefined if there is no artifact, or another command has made it.
 */
export async function readBuildTime(
  { folder, manifest }: LoadedManifest,
  artifact: string,
  command: string,
): Promise<number | undefined> {
  const stats = await stat(artifact).catch(() => undefined);
  if (stats === undefined) return undefined;
  const stamp = await readStamp(join(folder, '.faas', `${manifest.name}.json`));
  const isOurs = stamp?.artifact.mtimeMs === stats.mtimeMs && stamp.artifact.size === stats.size;
  if (!isOurs) return stats.mtimeMs;
  return stamp.command === command ? stamp.startedMs : undefined;
}

/** Remembers a build that has just ended. What cannot be remembered is built again. */
export async function writeBuildTime(
  { folder, manifest }: LoadedManifest,
  artifact: string,
  command: string,
  startedMs: number,
): Promise<void> {
  try {
    const { mtimeMs, size } = await stat(artifact);
    const stamp: Stamp = { command, startedMs, artifact: { mtimeMs, size } };
    const place = join(folder, '.faas');
    await mkdir(place, { recursive: true });
    await writeFile(join(place, '.gitignore'), GITIGNORE);
    await writeFile(join(place, `${manifest.name}.json`), `${JSON.stringify(stamp)}\n`);
  } catch {
    // A read-only project is built every time.
  }
}

async function readStamp(file: string): Promise<Stamp | undefined> {
  try {
    const stamp: unknown = JSON.parse(await readFile(file, 'utf8'));
    return isStamp(stamp) ? stamp : undefined;
  } catch {
    return undefined;
  }
}

function isStamp(value: unknown): value is Stamp {
  const { command, startedMs, artifact } = (value ?? {}) as Partial<Stamp>;
  return (
    typeof command === 'string' && typeof startedMs === 'number' && typeof artifact === 'object'
  );
}
