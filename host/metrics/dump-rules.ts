/** What each number and record of a worker's page must be. The messages quote nothing that the worker wrote. */

/** More is not counted between two pages, and sums of so much stay exact for thousands of pages. */
const MOST_COUNT = 1e12;

/** @throws {RangeError} Always. */
export function refuse(what: string, reason: string): never {
  throw new RangeError(`${what}: ${reason}`);
}

/** @throws {RangeError} If it is no object. */
export function recordOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    refuse(what, 'it is no object');
  return value as Record<string, unknown>;
}

/** @throws {RangeError} If a key is missing, or neither required nor optional. */
export function checkKeys(
  record: Readonly<Record<string, unknown>>,
  required: readonly string[],
  optional: readonly string[],
  what: string,
): void {
  for (const key of required) if (!Object.hasOwn(record, key)) refuse(what, `it has no "${key}"`);
  const known = required.length + optional.filter((key) => Object.hasOwn(record, key)).length;
  if (Object.keys(record).length !== known) refuse(what, 'it has a key that there is not');
}

/** @throws {RangeError} If it is no whole number from 0 that can be counted. */
export function checkCount(value: unknown, what: string): void {
  checkAmount(value, what);
  if ((value as number) > MOST_COUNT) refuse(what, 'it is more than can be counted');
}

/** @throws {RangeError} If it is no whole number from 0. */
export function checkAmount(value: unknown, what: string): void {
  if (!Number.isSafeInteger(value) || (value as number) < 0) refuse(what, 'it is no whole number');
}
