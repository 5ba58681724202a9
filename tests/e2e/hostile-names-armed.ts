/**
 * Names that are code, armed: where the payloads of `hostile-names.ts` set a variable, these end the
 * process they run in. In a preparing process that shows as `prepare_crashed`, in the host as the end of
 * the test.
 */
import { ApiError } from '../../cli/api-error.ts';
import { namedComponent, namedModule, type NamePlace } from '../guests/hostile-names.ts';
import type { HostClient } from './host-client.ts';

/** A place of a name: in a component, or an export of a preview1 core module. */
export type Place = NamePlace | 'core-module';

/** Makes a payload end the process that runs it. */
export function arm(name: string): string {
  return name
    .replaceAll('globalThis.__pwned=true', 'process.exit(86)')
    .replaceAll('process.exitCode=86', 'process.exit(86)');
}

/**
 * Deploys a guest with this name in this place, and calls it if that works.
 *
 * @returns The code it was refused with, or `served` with the status of its answer.
 */
export async function tryName(host: HostClient, place: Place, name: string): Promise<string> {
  const bytes = await (place === 'core-module' ? namedModule(name) : namedComponent(place, name));
  try {
    await host.deploy('named', bytes);
  } catch (error) {
    if (error instanceof ApiError) return error.code;
    throw error;
  }
  const { status } = await host.call('/named/');
  await host.api.json({ method: 'DELETE', path: '/v1/functions/named' });
  return `served ${status}`;
}
