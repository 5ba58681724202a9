/**
 * What a prepared artifact of the native engine holds besides core modules and script: the component's
 * strings, and what the script is linked with. One JSON file, written at deploy.
 */
import { HostError } from '../../base/errors.ts';
import type { EmittedComponent } from '../../component/emit/emit-component.ts';

/** Contents of the file. */
export type LinkData = Omit<EmittedComponent, 'source'>;

/** Makes the file. */
export function encodeLinkData({ names, imports, exports }: LinkData): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ names, imports, exports }));
}

/**
 * Reads the file.
 *
 * @throws {engine_failed} If it is not what this version writes.
 */
export function decodeLinkData(bytes: Uint8Array): LinkData {
  const data = JSON.parse(new TextDecoder().decode(bytes)) as Partial<LinkData>;
  const { names, imports, exports } = data;
  if (!Array.isArray(names) || !Array.isArray(imports) || !Array.isArray(exports)) {
    throw new HostError('engine_failed', { reason: 'its link data has an unknown form' });
  }
  return { names, imports, exports };
}
