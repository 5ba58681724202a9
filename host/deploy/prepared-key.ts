/** The key of a prepared artifact, apart so that whoever collects what is unused can compute it too. */
import { digestOf, type Digest } from '../base/ids.ts';
import { PREPARER_VERSION } from '../engine/manifest.ts';

/** Key of a prepared artifact: what it is made of and by whom. */
export function preparedKey(artifact: Digest): Digest {
  return digestOf(
    new TextEncoder().encode(
      JSON.stringify({ artifact, preparer: PREPARER_VERSION, engine: 'jco' }),
    ),
  );
}
