/**
 * What a guest makes the host remember lies outside its linear memory, so the version's memory limit
 * does not see it. Every resource is therefore charged with about what it takes, for as long as the
 * guest holds it: a guest that makes millions of pollables ends itself, not the host.
 */
import type { Guest } from './ports.ts';

/** About what an object with its handle takes. */
export const RESOURCE_BYTES = 512;
/** 65,536 plain resources, or 500 streams that have read ahead; real guests hold a few dozen. */
const GUEST_LIMIT_BYTES = 32 * 1024 * 1024;

/**
 * Charges a guest.
 *
 * @param guest Who holds it; it is ended if it holds too much.
 * @param bytes About how many bytes the host keeps for it.
 * @returns Gives them back; call it once.
 */
export function chargeHostBytes(guest: Guest, bytes: number): () => void {
  const total = guest.resourceBytes + bytes;
  if (total > GUEST_LIMIT_BYTES) {
    const rule = `streams, pollables and other resources of one instance may take ${GUEST_LIMIT_BYTES} bytes of the host together; drop what is no longer needed`;
    return guest.end({ kind: 'rule', rule });
  }
  guest.resourceBytes = total;
  return () => {
    guest.resourceBytes -= bytes;
  };
}
