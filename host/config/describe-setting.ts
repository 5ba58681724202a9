/** Words for error messages about settings: what was given and what is expected. */

/** What is read of a validation issue. */
export interface SettingIssue {
  readonly code?: string | undefined;
  readonly expected?: string;
  readonly values?: readonly unknown[];
  readonly minimum?: number | bigint;
  /** Type of the value that is out of range. */
  readonly origin?: string;
}

/** Describes a JSON value in a few words: `the text "abc"`, `the number 5`, `a list`. */
export function describeGiven(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return `the text ${JSON.stringify(value.slice(0, 80))}`;
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value === 'boolean') return `the word ${value}`;
  return 'an object';
}

/** What each type of the schema is called. */
const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  array: 'a list of texts',
  object: 'an object of settings',
};

/**
 * Describes what a key takes. The unit is in the key's name (`…Bytes`, `…Ms`), as everywhere in this host.
 *
 * @param path Names from the top to the key; a number for an element of a list.
 */
export function describeExpected(path: readonly string[], issue: SettingIssue | undefined): string {
  const name = path.at(-1) ?? '';
  const least = issue?.code === 'too_small' ? `, at least ${String(issue.minimum)}` : '';
  if (name.endsWith('Bytes')) return `a number of bytes or a text like "64MiB"${least}`;
  if (name.endsWith('Ms')) return `a number of milliseconds or a text like "10s"${least}`;
  if (issue?.values !== undefined) {
    return `one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
  }
  if (issue?.code === 'too_small' && issue.origin === 'string') return 'a text that is not empty';
  return TYPES[issue?.expected ?? ''] ?? `a whole number${least}`;
}
