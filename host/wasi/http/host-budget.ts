/**
 * How many bytes a guest makes the host hold: header fields, and body bytes nobody takes yet. They lie
 * outside its linear memory, so the version's memory limit does not see them: without a bound, a guest
 * could fill the host with small resources.
 */
import type { Guest } from '../ports.ts';

/** 64 field resources of the largest size, or 128 full body buffers; real guests hold a few kilobytes. */
const GUEST_BYTES = 8 * 1024 * 1024;

const held = new WeakMap<Guest, number>();

/**
 * Counts bytes for a guest.
 *
 * @param bytes Negative to give back.
 * @throws {WebAssembly.RuntimeError} The guest is ended if it holds too much.
 */
export function chargeGuest(guest: Guest, bytes: number): void {
  const total = (held.get(guest) ?? 0) + bytes;
  if (bytes > 0 && total > GUEST_BYTES) {
    const rule = `wasi:http fields and unsent bodies of one instance may take ${GUEST_BYTES} bytes together; drop what is no longer needed`;
    return guest.end({ kind: 'rule', rule });
  }
  held.set(guest, total);
  return undefined;
}
