/** Versions of one function that can be told apart by what they answer. */
import { wat } from '../guests/guests.ts';

const TEXT = 'Hello from WAT\n';

/** A component that answers `Hello from 007` and a line end, for 7; 0 to 999. */
export async function helloOf(version: number): Promise<Uint8Array> {
  const bytes = Buffer.from(await wat('hello'));
  const at = bytes.indexOf(TEXT);
  if (at === -1) throw new Error('the guest has another text');
  bytes.write(textOf(version), at, 'latin1');
  return bytes;
}

/** What that version answers. */
export function textOf(version: number): string {
  return `Hello from ${String(version).padStart(3, '0')}\n`;
}
