/** Workers that a killed supervisor has left, in the way of a host that is one process. */
import { existsSync } from 'node:fs';
import type { Log } from '../logs/log.ts';
import { LauncherClient } from './launcher-client.ts';
import { runDirectoryOf } from './run-directory.ts';

/**
 * Has them finish what is under way, and waits until they are gone.
 *
 * @param dataDirectory Held by this process.
 */
export async function endLeftoverWorkers(dataDirectory: string, log: Log): Promise<void> {
  const { launcherSocket } = runDirectoryOf(dataDirectory);
  if (!existsSync(launcherSocket)) return;
  const gone = Promise.withResolvers<void>();
  const launcher = await LauncherClient.find(launcherSocket, {
    onExited: () => {},
    onLost: () => gone.resolve(),
  });
  if (launcher === undefined) return;
  log.warn('ending the workers that an earlier host has left');
  launcher.end();
  await gone.promise;
}
