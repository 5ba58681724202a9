/** Lines of guests, for tests of what carries them. */
import type { FunctionName, RequestId } from '../../host/base/ids.ts';
import type { GuestLine } from '../../host/logs/guest-line.ts';

/** A line of `app`. */
export function lineOf(text: string, more: Partial<GuestLine> = {}): GuestLine {
  return {
    atMs: 1,
    function: 'app' as FunctionName,
    version: 1,
    requestId: 'r' as RequestId,
    stream: 'stdout',
    text,
    ...more,
  };
}
