/** Loads a prepared artifact and instantiates it once, as the data plane will, to prove that it links. */
import { setFlagsFromString } from 'node:v8';
import type { PreparedFile } from '../artifacts/store.ts';
import { HostError } from '../base/errors.ts';
import { createEngines } from '../engine/engines.ts';
import type { Manifest } from '../engine/manifest.ts';
import { MemoryAccount } from '../limits/memory-account.ts';
import { UnmeteredCpu } from '../limits/unmetered-cpu.ts';
import { wasiInterfaces } from '../wasi/interfaces.ts';
import { createTrialGuest } from './trial-guest.ts';

/** A prepared artifact before it is stored. */
export interface TrialArtifact {
  readonly manifest: Manifest;
  readonly files: readonly PreparedFile[];
}

/**
 * Tries it out.
 *
 * @param memoryBytes Memory the instance may have.
 * @returns Bytes of memory it starts with.
 * @throws {trial_failed} If it cannot be instantiated, or traps while it starts.
 * @throws {HostError} `memory_limit_at_start` and the like.
 */
export async function tryOut(
  { manifest, files }: TrialArtifact,
  memoryBytes: number,
): Promise<number> {
  const engine = createEngines(wasiInterfaces);
  const memory = new MemoryAccount(memoryBytes);
  const guest = createTrialGuest();
  // A process that serves looks at a function of a guest when it is first called (`cli/v8-flags.js`): here it is all of them.
  setFlagsFromString('--no-wasm-lazy-validation');
  try {
    const module = await engine.load({
      manifest,
      files: new Map(files.map(({ name, bytes }) => [name, bytes])),
    });
    await module.instantiate(guest, memory, new UnmeteredCpu());
    return memory.bytes;
  } catch (error) {
    if (error instanceof HostError && error.code !== 'engine_failed') throw error;
    const reason = (error instanceof Error ? error.message : String(error)).slice(0, 300);
    throw new HostError('trial_failed', { reason }, { cause: error });
  } finally {
    guest.finish();
  }
}
