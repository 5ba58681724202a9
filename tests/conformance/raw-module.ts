/** Loads a raw component of one function, once for each direction. */
import type { FunctionType } from '../../host/component/plan.ts';
import type { Module } from '../../host/engine/engine.ts';
import type { EngineName } from '../../host/engine/manifest.ts';
import { API, VERSION } from './echo-component.ts';
import { loadPrepared, prepareComponent } from './load-component.ts';
import type { RawCase } from './raw-case.ts';
import { recordingInterface } from './recorder.ts';

/** Modules by direction. */
export type RawModules = Readonly<Record<RawCase['direction'], Module>>;

/**
 * Loads.
 *
 * @param bytes Of `rawComponent([type], …)`.
 */
export async function loadRaw(
  engine: EngineName,
  bytes: Uint8Array,
  type: FunctionType,
): Promise<RawModules> {
  const host = recordingInterface([type]);
  const entryOf = (direction: string): { interface: string; function: string } => ({
    interface: `${API}@${VERSION}`,
    function: `${direction}0`,
  });
  const prepared = await prepareComponent(engine, bytes, [host], entryOf('take'));
  return {
    take: await loadPrepared(prepared, [host]),
    give: await loadPrepared(prepared, [host], entryOf('give')),
  };
}
