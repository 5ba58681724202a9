/**
 * What a guest has that is made ahead, before there is a request: its version's environment and grants, no
 * input, and the function's log for what it writes while it starts.
 */
import { createRequestId } from '../base/ids.ts';
import type { Clock } from '../base/clock.ts';
import type { LineSink } from '../logs/guest-line.ts';
import { silentObserver } from '../metrics/observer.ts';
import type { Version } from '../registry/model.ts';
import type { GuestParts } from '../wasi/guest-state.ts';
import { NO_BODY } from '../wasi/memory-bytes.ts';
import { GuestOutput, InvocationLog } from './guest-output.ts';

/** What is the same for all instances of the version. */
export interface StartPartsSource extends Pick<GuestParts, 'preopens' | 'outgoingHttp' | 'grants'> {
  readonly version: Version;
  readonly guestLog: LineSink;
  readonly clock: Clock;
}

/**
 * Makes the parts of one guest. Its log has a request id of its own.
 *
 * @example
 * startParts: () => createStartParts({ version, guestLog, clock, preopens, outgoingHttp, grants })
 */
export function createStartParts(source: StartPartsSource): GuestParts {
  const { version, guestLog, clock, preopens, outgoingHttp, grants } = source;
  // The log itself says that its limit was met; no invocation met it.
  const log = new InvocationLog(
    { guestLog, clock, observer: silentObserver },
    version,
    createRequestId(),
  );
  return {
    arguments: [],
    environment: version.settings.environment,
    stdin: NO_BODY,
    stdout: new GuestOutput(log, 'stdout'),
    stderr: new GuestOutput(log, 'stderr'),
    preopens,
    outgoingHttp,
    grants,
    log: (level, context, message) => log.message(level, context, message),
  };
}
