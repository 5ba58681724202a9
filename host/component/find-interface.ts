/**
 * Finds the host's interface for a name that a component imports. Releases of one line are one interface; drafts
 * whose types differ are several of one name.
 */
import type { HostInterface } from './host-interface.ts';
import { isServedBy, parseInterfaceName } from './semver.ts';

/** Host interfaces by name without version. */
export type InterfacesByName = ReadonlyMap<string, readonly HostInterface[]>;

/** Makes the table that `findInterface` looks into. */
export function indexInterfaces(interfaces: readonly HostInterface[]): InterfacesByName {
  return Map.groupBy(interfaces, ({ name }) => name);
}

/**
 * Finds the interface that serves an import.
 *
 * @param name As a component imports it: `wasi:io/streams@0.2.3`.
 * @returns Undefined if there is none for that version.
 */
export function findInterface(name: string, offered: InterfacesByName): HostInterface | undefined {
  const parsed = parseInterfaceName(name);
  if (parsed === undefined) return undefined;
  const { version } = parsed;
  return offered
    .get(`${parsed.package}/${parsed.interface}`)
    ?.find((host) =>
      version === undefined ? host.servesUnversioned === true : isServedBy(version, host.versions),
    );
}
