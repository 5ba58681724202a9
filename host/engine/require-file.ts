/** Gives a file of a prepared artifact that its manifest names. */
import { HostError } from '../base/errors.ts';

/** @throws {engine_failed} If it is not there. */
export function requireFile(files: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  const bytes = files.get(name);
  if (bytes === undefined) throw new HostError('engine_failed', { reason: `no file "${name}"` });
  return bytes;
}
