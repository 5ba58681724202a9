/** A directory that is gone at the end, also when the process is told to end before. */
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Closeable } from '../../host/base/closeable.ts';

/** An empty directory of one's own. */
export interface TemporaryDirectory extends Closeable {
  readonly path: string;
}

/** Makes one. */
export async function openTemporaryDirectory(): Promise<TemporaryDirectory> {
  const path = await mkdtemp(join(tmpdir(), 'wasi-faas-bench-'));
  const remove = (): void => rmSync(path, { recursive: true, force: true, maxRetries: 3 });
  process.once('exit', remove);
  return {
    path,
    close: () => {
      process.off('exit', remove);
      remove();
    },
  };
}
