/**
 * Where the data directory is when nobody names one: the place each system keeps a user's
 * application data in.
 *
 * @see https://specifications.freedesktop.org/basedir-spec/latest/
 */
import { posix, win32 } from 'node:path';

/** What the default depends on. */
export interface UserPlace {
  readonly platform: NodeJS.Platform;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The user's home directory, absolute. */
  readonly home: string;
}

/** Gives the absolute path of the default data directory; nothing is created. */
export function defaultDataDirectory({ platform, environment, home }: UserPlace): string {
  if (platform === 'win32') {
    const local = environment['LOCALAPPDATA'];
    return win32.join(local || win32.join(home, 'AppData', 'Local'), 'wasi-faas');
  }
  if (platform === 'darwin') {
    return posix.join(home, 'Library', 'Application Support', 'wasi-faas');
  }
  const base = environment['XDG_DATA_HOME'];
  // The specification says to ignore a relative path.
  const usable = base !== undefined && posix.isAbsolute(base);
  return posix.join(usable ? base : posix.join(home, '.local', 'share'), 'wasi-faas');
}
