/**
 * How many bytes a guest makes the host hold: header fields, requests, and body bytes nobody takes yet. They lie
 * outside its linear memory, so the version's memory limit does not see them: without a bound, a guest
 * could fill the host with small resources.
 */
import type { Guest } from '../ports.ts';

/** What a body takes besides the bytes it holds: its objects, its handle, its promises. */
export const BODY_BYTES = 512;

/** 64 field resources of the largest size, 128 full body buffers, 65,536 empty fields; real guests hold a few kilobytes. */
const GUEST_BYTES = 8 * 1024 * 1024;

/**
 * Counts bytes for a guest.
 *
 * @param bytes Negative to give back.
 * @throws {WebAssembly.RuntimeError} The guest is ended if it holds too much.
 */
export function chargeGuest(guest: Guest, bytes: number): void {
  const total = guest.httpBytes + bytes;
  if (bytes > 0 && total > GUEST_BYTES) {
    const rule = `wasi:http fields, requests and unsent bodies of one instance may take ${GUEST_BYTES} bytes together; drop what is no longer needed`;
    return guest.end({ kind: 'rule', rule });
  }
  guest.httpBytes = total;
  return undefined;
}
