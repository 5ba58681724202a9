/** Why a server could not listen, as a coded error that names the setting to change. */
import { HostError } from '../base/errors.ts';

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'this user may not listen there',
  ENOENT: 'the folder of the socket does not exist',
  EROFS: 'the folder of the socket cannot be written',
  ENOTFOUND: 'the name has no address',
  EAI_AGAIN: 'the name could not be resolved',
};

/**
 * Gives what `listen` failed with as a coded error.
 *
 * @param key The flag that names it, without its dashes.
 * @param address Its value.
 */
export function toListenError(
  error: unknown,
  key: 'listen' | 'admin' | 'data-dir',
  address: string,
): HostError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reason = REASONS[code] ?? (error instanceof Error ? error.message : String(error));
  return new HostError('listen_failed', { key, address, reason }, { cause: error });
}
