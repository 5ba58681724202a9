/** How the instances of a version are got and why, as lines for people: what `faas describe` shows. */
import type { InstancesFigures } from './version-instances.ts';

const WAYS: Readonly<Record<InstancesFigures['strategy'], string>> = {
  fresh: 'a fresh one for every invocation',
  reset: 'reset between invocations',
  kept: 'kept between invocations',
};

/**
 * Describes them.
 *
 * @example
 * ['instances reset between invocations: a reset takes 1 µs, a fresh instance 73 µs',
 *  'instances now: 1 running, 2 idle, 0 warm; 3 wanted at 40 requests/s']
 */
export function describeInstances(figures: InstancesFigures): readonly string[] {
  const { strategy, reason, counts, size, lastFailure } = figures;
  const { running, idle, warm } = counts;
  const rate = Number(size.requestsPerSecond.toPrecision(2));
  return [
    `instances ${WAYS[strategy]}: ${reason}`,
    `instances now: ${running} running, ${idle} idle, ${warm} warm; ${size.wanted} wanted at ${rate} requests/s`,
    ...(lastFailure === undefined ? [] : [`the last one could not be made ahead: ${lastFailure}`]),
  ];
}
