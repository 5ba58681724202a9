/**
 * What a version was granted and configured with → what its guests are given of it: the stores behind its labels, and
 * one table of its environment, configuration and secrets. Made once for a version.
 */
import type { KeyValueStore } from '../key-value/key-value-store.ts';
import { nameStore } from '../key-value/store-names.ts';
import type { Version } from '../registry/model.ts';
import type { GuestGrants } from '../wasi/guest-state.ts';

/**
 * Makes them.
 *
 * @param keyValue All stores of the host.
 */
export function createGuestGrants(
  { namespace, function: name, settings }: Version,
  keyValue: KeyValueStore,
): GuestGrants {
  const names = new Map(
    settings.keyValue.map((grant) => [grant.label, nameStore(namespace, name, grant)]),
  );
  return {
    stores: {
      open: (label) => {
        const store = names.get(label);
        return store === undefined ? undefined : keyValue.open(store);
      },
    },
    // What is configured under a name goes before the variable of that name.
    config: new Map([...settings.environment, ...settings.config, ...settings.secrets]),
  };
}
