/** Both engines behind the one port: the manifest of a prepared artifact says which of them runs it. */
import type { HostInterface } from '../component/host-interface.ts';
import type { Engine } from './engine.ts';
import { createJcoEngine } from './jco/jco-engine.ts';
import type { Manifest } from './manifest.ts';
import { createNativeEngine } from './native/native-engine.ts';

/** Loads what either engine runs. */
export type Engines = Pick<Engine, 'load'>;

/**
 * Makes both.
 *
 * @param interfaces Every interface the host offers.
 */
export function createEngines(interfaces: readonly HostInterface[]): Engines {
  const byName: Readonly<Record<Manifest['engine'], Engine>> = {
    jco: createJcoEngine(interfaces),
    native: createNativeEngine(interfaces),
  };
  return { load: (prepared) => byName[prepared.manifest.engine].load(prepared) };
}
