/**
 * What every function of `wasi:sockets` answers: functions have no sockets, they call other hosts by
 * `wasi:http/outgoing-handler`. The interfaces link all the same, as many runtimes import them unused.
 */
import { WitError } from '../../component/host-interface.ts';

/** @throws {WitError} `access-denied`, always. */
export function deny(): never {
  throw new WitError('access-denied' as const);
}
