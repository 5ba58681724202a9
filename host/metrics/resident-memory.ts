/** Resident memory of another process, from the kernel. */
import { readFileSync } from 'node:fs';

/**
 * Reads it; takes some 20 µs.
 *
 * @returns Bytes; undefined if there is no such process, or the system does not tell.
 */
export function readResidentBytes(pid: number): number | undefined {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    // It has ended, or this is no Linux.
    return undefined;
  }
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kib === undefined ? undefined : Number(kib) * 1024;
}
