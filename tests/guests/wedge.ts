/** A guest that runs one instruction which takes long: nothing can interrupt it, so the event loop stands still. */
import { wat } from './wat.ts';

/** What it must be deployed with. */
export const WEDGE_MEMORY_BYTES = 2 * 2 ** 30;

/** A `wasi:http` function that writes 2 GiB at once. */
export function wedge(): Promise<Uint8Array> {
  return wat('wedge');
}
