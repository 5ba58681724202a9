/** The key of a prepared artifact, apart so that whoever collects what is unused can compute it too. */
import { digestOf, type Digest } from '../base/ids.ts';
import { PREPARER_VERSION } from '../engine/manifest.ts';
import type { EngineChoice } from './generate-code.ts';

/**
 * Key of a prepared artifact: what it is made of, by whom and for which engine.
 *
 * @param engine What the deployer asks for, not what it came to.
 */
export function preparedKey(artifact: Digest, engine: EngineChoice = 'auto'): Digest {
  return digestOf(
    new TextEncoder().encode(JSON.stringify({ artifact, preparer: PREPARER_VERSION, engine })),
  );
}
