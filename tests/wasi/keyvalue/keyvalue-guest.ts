/** A guest with granted stores over the driver in this process, and calls by interface, release and WIT name. */
import { camelCase } from '../../../host/component/emit/name-table.ts';
import { findInterface, indexInterfaces } from '../../../host/component/find-interface.ts';
import { WitError } from '../../../host/component/host-interface.ts';
import { nameStore } from '../../../host/key-value/store-names.ts';
import { DEFAULT_NAMESPACE, parseFunctionName } from '../../../host/base/ids.ts';
import type { KeyValueLimits } from '../../../host/key-value/key-value-store.ts';
import { wasiInterfaces } from '../../../host/wasi/interfaces.ts';
import { openDirectStore, type DirectStore } from '../../key-value/direct-store.ts';
import { TestGuest } from '../test-guest.ts';

const offered = indexInterfaces(wasiInterfaces);

/** A guest and what it has. */
export interface KeyvalueGuest {
  readonly guest: TestGuest;
  readonly direct: DirectStore;
  /** Calls a function: `wasi:keyvalue/store@0.2.0-draft`, `open`. */
  call(from: string, name: string, ...values: unknown[]): Promise<unknown>;
}

/** Opens a guest to which `default` and `shared` (a shared store) were granted. */
export function openKeyvalueGuest(
  limits: Partial<KeyValueLimits> = {},
  direct = openDirectStore(limits),
): KeyvalueGuest {
  const labels = new Map([
    ['default', { label: 'default' }],
    ['shared', { label: 'shared', shared: 'all' }],
  ]);
  const guest = new TestGuest({
    grants: {
      config: new Map(),
      stores: {
        open: (label) => {
          const grant = labels.get(label);
          if (grant === undefined) return undefined;
          return direct.port.open(nameStore(DEFAULT_NAMESPACE, parseFunctionName('f'), grant));
        },
      },
    },
  });
  return {
    guest,
    direct,
    call: async (from, name, ...values) => {
      const host = findInterface(from, offered);
      const [, kind, resource = '', method = ''] =
        /^\[(method|static)\]([^.]+)\.(.+)$/.exec(name) ?? [];
      if (kind === 'static') {
        const type = host?.resources[resource] as unknown as Record<string, Callable>;
        return await type[camelCase(method)]?.(guest, ...values);
      }
      if (kind === 'method') {
        const [self, ...rest] = values as [Record<string, Callable>, ...unknown[]];
        return await self[camelCase(method)]?.(...rest);
      }
      return await (host?.functions[name]?.(guest, ...values) as Promise<unknown>);
    },
  };
}

type Callable = (...values: unknown[]) => unknown;

/** The payload of the WIT error that a call ends with. */
export async function errorOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    if (error instanceof WitError) return (error as WitError<unknown>).payload;
    throw error;
  }
  throw new Error('nothing was refused');
}
