/**
 * Names of stores. A function opens a store by a label it was granted; behind the label is a store of its own, which
 * all its versions have and which is deleted with it, or one that functions of its namespace share by name.
 */
import type { FunctionName, Namespace } from '../base/ids.ts';

/** What a label and the name of a shared store are made of. */
export const STORE_LABEL = /^[A-Za-z0-9_.-]{1,64}$/;

/** The label that functions open which name none. */
export const DEFAULT_STORE = 'default';

/** What was granted: a label, and the name of a shared store if it stands for one (`host/registry/model.ts`). */
interface StoreGrant {
  readonly label: string;
  readonly shared?: string;
}

/** The whole name of the store behind a grant. */
export function nameStore(
  namespace: Namespace,
  name: FunctionName,
  { label, shared }: StoreGrant,
): string {
  return shared === undefined
    ? `${ownStoresPrefix(namespace, name)}${label}`
    : `${namespace}/shared/${shared}`;
}

/** What the whole names of a function's own stores begin with, and no others. */
export function ownStoresPrefix(namespace: Namespace, name: FunctionName): string {
  return `${namespace}/function/${name}/`;
}
