/** Checks that the host offers every interface a component imports, before anything is generated for it. */
import { HostError } from '../base/errors.ts';
import { findNearest } from '../base/nearest.ts';
import type { HostInterface } from '../component/host-interface.ts';
import { isServedBy, parseInterfaceName } from '../component/semver.ts';

/** An import and the interface that serves it. */
export interface CheckedImport {
  /** As the component names it: `wasi:io/streams@0.2.3`. */
  readonly name: string;
  readonly host: HostInterface;
}

/**
 * Finds the host's interface for each import.
 *
 * @throws {unknown_import} If there is none; names the nearest one there is.
 */
export function checkImports(
  imports: readonly { readonly name: string; readonly kind: string }[],
  offered: readonly HostInterface[],
): readonly CheckedImport[] {
  const byName = new Map(offered.map((host) => [host.name, host]));
  return imports.map(({ name, kind }) => {
    const parsed = parseInterfaceName(name);
    const host =
      parsed === undefined ? undefined : byName.get(`${parsed.package}/${parsed.interface}`);
    const version = parsed?.version;
    if (
      host !== undefined &&
      version !== undefined &&
      kind === 'instance' &&
      isServedBy(version, host.versions)
    ) {
      return { name, host };
    }
    throw new HostError('unknown_import', {
      name: name.slice(0, 120),
      nearest: nearestOf(name, host, offered),
    });
  });
}

function nearestOf(
  name: string,
  host: HostInterface | undefined,
  offered: readonly HostInterface[],
): string {
  if (host !== undefined) return describe(host);
  const bare = name.replace(/@.*$/, '');
  const found = findNearest(
    bare,
    offered.map((one) => one.name),
  );
  const near = offered.find((one) => one.name === found);
  return near === undefined ? 'none is near' : describe(near);
}

function describe(host: HostInterface): string {
  return `${host.name}@${host.versions.from} to @${host.versions.to}`;
}
