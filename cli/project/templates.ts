/** The templates of `faas new`: folders below `sdk/templates/`, each with a `template.json` about it. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HostError } from '../../host/base/errors.ts';
import { findNearest } from '../../host/base/nearest.ts';

/** File that describes a template; it is not copied. */
export const DESCRIPTION_FILE = 'template.json';

/** A template. */
export interface Template {
  readonly name: string;
  /** One line. */
  readonly description: string;
  /** Tools that its build needs, as in `build.needs`. */
  readonly needs: readonly string[];
  readonly folder: string;
}

/** All templates, by name. */
export async function listTemplates(folder = findFolder()): Promise<readonly Template[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found = await Promise.all(
    entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => readTemplate(join(folder, entry.name), entry.name)),
  );
  return found
    .filter((template) => template !== undefined)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Finds one by its name.
 *
 * @throws {unknown_template} If there is none; names the nearest.
 */
export async function findTemplate(name: string, folder = findFolder()): Promise<Template> {
  const templates = await listTemplates(folder);
  const found = templates.find((template) => template.name === name);
  if (found !== undefined) return found;
  const names = templates.map((template) => template.name);
  const nearest = findNearest(name, names);
  const hint = nearest === undefined ? '' : `Did you mean "${nearest}"? `;
  throw new HostError('unknown_template', {
    name: name.slice(0, 80),
    hint: `${hint}There are ${names.join(', ')}`,
  });
}

/** A folder without a readable description is none. */
async function readTemplate(folder: string, name: string): Promise<Template | undefined> {
  try {
    const text = await readFile(join(folder, DESCRIPTION_FILE), 'utf8');
    const { description, needs } = JSON.parse(text) as Partial<Template>;
    return { name, description: description ?? '', needs: needs ?? [], folder };
  } catch {
    return undefined;
  }
}

/** The compiled form of this file lies one folder deeper than the source. */
function findFolder(): string {
  const places = ['../../sdk/templates', '../../../sdk/templates'];
  const folders = places.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  return folders.find((folder) => existsSync(folder)) ?? folders[0] ?? '';
}
