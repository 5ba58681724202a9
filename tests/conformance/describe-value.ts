/** Writes a value of the JavaScript mapping as text that is equal exactly if the values are. */

/** What a resource of the tests' host shows of itself. */
export interface Numbered {
  readonly handle: number;
}

/**
 * Describes.
 *
 * @param options `classes`: whether a typed array and an array of the same numbers differ.
 */
export function describeValue(
  value: unknown,
  options: { readonly classes: boolean } = { classes: true },
): string {
  const describe = (part: unknown): string => describeValue(part, options);
  if (typeof value === 'string') {
    return value.isWellFormed() ? JSON.stringify(value) : JSON.stringify(value.split(''));
  }
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (value === undefined) return 'undefined';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value !== 'object') return `a ${typeof value}`;
  if (value === null) return 'null';
  if (Array.isArray(value)) return `[${value.map(describe).join(', ')}]`;
  if (ArrayBuffer.isView(value)) {
    const items = Array.from(value as unknown as ArrayLike<unknown>, describe).join(', ');
    return options.classes ? `${value.constructor.name}[${items}]` : `[${items}]`;
  }
  const entries = Object.entries(value)
    .filter(([, part]) => part !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${entries.map(([key, part]) => `${key}: ${describe(part)}`).join(', ')}}`;
}
