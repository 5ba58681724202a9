/** Stored bytes for a process that may only read them: a worker, while the supervisor is the one that writes. */
import type { Clock } from '../base/clock.ts';
import { FsArtifactStore } from './fs-artifact-store.ts';
import type { ArtifactStore } from './store.ts';

/** Reads what another process stores in `directory`; makes and removes nothing. */
export function openArtifactReader(
  directory: string,
  clock: Clock,
): Pick<ArtifactStore, 'loadPrepared' | 'openFile' | 'close'> {
  return new FsArtifactStore(directory, clock, 0);
}
