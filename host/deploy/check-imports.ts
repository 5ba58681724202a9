/** Checks that the host offers every interface a component imports, before anything is generated for it. */
import { HostError } from '../base/errors.ts';
import { findNearest } from '../base/nearest.ts';
import {
  findInterface,
  indexInterfaces,
  type InterfacesByName,
} from '../component/find-interface.ts';
import type { HostInterface } from '../component/host-interface.ts';

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
  const byName = indexInterfaces(offered);
  return imports.map(({ name, kind }) => {
    const host = kind === 'instance' ? findInterface(name, byName) : undefined;
    if (host !== undefined) return { name, host };
    throw new HostError('unknown_import', {
      name: name.slice(0, 120),
      nearest: nearestOf(name, byName),
    });
  });
}

function nearestOf(name: string, byName: InterfacesByName): string {
  const bare = name.replace(/@.*$/, '');
  const near = byName.has(bare) ? bare : findNearest(bare, [...byName.keys()]);
  const hosts = near === undefined ? undefined : byName.get(near);
  return hosts === undefined ? 'none is near' : hosts.map(describe).join(', ');
}

function describe({ name, versions: { from, to } }: HostInterface): string {
  return from === to ? `${name}@${from}` : `${name}@${from} to @${to}`;
}
