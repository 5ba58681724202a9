/** Whether a `traceparent` is well formed (W3C Trace Context): only then it, and `tracestate`, are passed on. */

const PATTERN = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;
const NO_TRACE = '0'.repeat(32);
const NO_PARENT = '0'.repeat(16);

/** Whether the value may be passed on. Later versions of the format may have more at the end. */
export function isTraceparent(value: string): boolean {
  const match = PATTERN.exec(value);
  if (match === null) return false;
  const [, version, trace, parent, rest] = match;
  if (version === 'ff' || trace === NO_TRACE || parent === NO_PARENT) return false;
  return version !== '00' || rest === undefined;
}
