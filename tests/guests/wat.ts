/**
 * Guests written in WAT, made into bytes when a test asks for them.
 *
 * A file of `wat/` may hold placeholders: `{{wasi:io/poll@0.2.12}}` stands for the import of that
 * interface (`wasi-wat.ts`), any other `{{key}}` for a value the test gives.
 */
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { wasiImport } from './wasi-wat.ts';

const folder = join(import.meta.dirname, 'wat');

/**
 * Reads a guest and makes its bytes.
 *
 * @param name File name without `.wat`.
 * @param values What its placeholders stand for, as WAT text.
 * @returns A component or a core module, not validated: some guests are invalid on purpose.
 * @throws {Error} If a placeholder has no value, or the text is not WAT.
 */
export async function wat(
  name: string,
  values: Readonly<Record<string, string>> = {},
): Promise<Uint8Array> {
  const text = await readFile(join(folder, `${name}.wat`), 'utf8');
  return parse(
    text.replaceAll(/\{\{([^{}]+)\}\}/g, (_, key: string) => {
      const value = values[key] ?? wasiImport(key);
      if (value === undefined) throw new Error(`No value for "{{${key}}}" in ${name}.wat`);
      return value;
    }),
  );
}

/** Names of all guests there are. */
export function watNames(): readonly string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.wat'))
    .map((file) => file.slice(0, -'.wat'.length))
    .sort();
}

/** A string literal of WAT with exactly these characters: whatever is not harmless is escaped by its bytes. */
export function watString(text: string): string {
  const escaped = [...Buffer.from(text)].map((byte) => {
    const character = String.fromCharCode(byte);
    return /[\w:/@.-]/.test(character) ? character : `\\${byte.toString(16).padStart(2, '0')}`;
  });
  return `"${escaped.join('')}"`;
}
