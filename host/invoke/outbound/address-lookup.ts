/**
 * Name resolution that gives only addresses a grant allows. `node:net` connects to exactly what the
 * lookup gave, so a name that resolves to something else a moment later gains nothing.
 */
import type { LookupAddress, LookupOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { HttpFailure } from '../../wasi/ports.ts';

/** All addresses of a name, as `dns.lookup` with `all` gives them. */
export type ResolveName = (
  name: string,
  options: LookupOptions & { readonly all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * Makes a `lookup` for `node:net`. Of several addresses those not allowed are left out.
 *
 * @param isAllowed Asked for every address.
 */
export function buildAddressLookup(
  resolve: ResolveName,
  isAllowed: (address: string) => boolean,
): LookupFunction {
  return (name, options, callback) => {
    resolve(name, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const allowed = addresses.filter(({ address }) => isAllowed(address));
      const first = allowed[0];
      if (first === undefined) {
        return callback(new HttpFailure({ tag: 'destination-IP-prohibited' }), []);
      }
      if (options.all === true) return callback(null, allowed);
      return callback(null, first.address, first.family);
    });
  };
}
