/** Random bytes for a guest, as many as it asks for and the host can give without stalling others. */
import { random } from '@bytecodealliance/preview2-shim/random';
import type { Guest } from '../ports.ts';

/** 4 MiB take about 3 ms of the event loop; a list must come whole, so more ends the guest. */
const RANDOM_BYTES_LIMIT = 4n * 1024n * 1024n;

/**
 * Makes random bytes.
 *
 * @param guest Who asks; it is ended if it asks for more than the limit.
 * @param length Number of bytes.
 */
export function randomBytesFor(guest: Guest, length: bigint): Uint8Array {
  if (length > RANDOM_BYTES_LIMIT) {
    const rule = `wasi:random was asked for ${length} bytes in one call; at most ${RANDOM_BYTES_LIMIT} are possible`;
    return guest.end({ kind: 'rule', rule });
  }
  return random.getRandomBytes(length);
}
