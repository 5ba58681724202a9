/** An example as a component: what came as a command is adapted, as deploy does it. */
import { readFile } from 'node:fs/promises';
import { detectBinary } from '../../host/component/detect-binary.ts';
import { adaptPreview1 } from '../../host/deploy/preview1-adapter.ts';
import type { Example } from './examples.ts';

/** Reads it. */
export async function loadComponent({ path }: Example): Promise<Uint8Array> {
  const bytes = await readFile(path);
  return detectBinary(bytes) === 'component' ? bytes : adaptPreview1(bytes);
}
