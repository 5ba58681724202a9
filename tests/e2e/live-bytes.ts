/** Bytes of buffers that somebody still holds: what is merely not collected yet does not count. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Collects garbage and counts what is left. */
export function liveBufferBytes(): number {
  collect();
  return process.memoryUsage().arrayBuffers;
}
