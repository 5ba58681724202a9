/** A value → JSON text that is the same for equal values: object keys sorted, undefined members left out. */

/**
 * Writes plain data as canonical JSON. The order of arrays counts, that of object keys does not.
 *
 * @param value JSON data; functions, symbols and cycles are not data.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sortKeys(value));
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, member]) => [key, sortKeys(member)]));
}
