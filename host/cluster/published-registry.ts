/** A registry whose changes are done when all workers serve them: who changed something never meets what was before. */
import type { RouteSnapshot } from '../registry/model.ts';
import type { Registry } from '../registry/registry.ts';

/**
 * Wraps a registry.
 *
 * @param publish Resolves when no worker serves anything older.
 */
export function publishedRegistry(
  registry: Registry,
  publish: (snapshot: RouteSnapshot) => Promise<void>,
): Registry {
  const published = async <T>(change: Promise<T>): Promise<T> => {
    const result = await change;
    await publish(registry.snapshot);
    return result;
  };
  return {
    get snapshot() {
      return registry.snapshot;
    },
    subscribe: (listener) => registry.subscribe(listener),
    commitVersion: (version, by) => published(registry.commitVersion(version, by)),
    moveAlias: (namespace, name, to, by) => published(registry.moveAlias(namespace, name, to, by)),
    deleteFunction: (namespace, name, by) =>
      published(registry.deleteFunction(namespace, name, by)),
    loadVersions: (namespace, name) => registry.loadVersions(namespace, name),
    loadChanges: (limit) => registry.loadChanges(limit),
    loadReferences: () => registry.loadReferences(),
    loadTokens: () => registry.loadTokens(),
    addToken: (token, by) => registry.addToken(token, by),
    close: () => registry.close(),
  };
}
