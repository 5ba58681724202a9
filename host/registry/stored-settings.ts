/**
 * The settings of a version as the registry stores them ↔ the model. Versions of older releases lack the
 * settings that came later: they get what a deployment without them gets, so that nobody has to deploy again.
 */
import { canonicalJson } from './canonical-json.ts';
import type { InstanceSettings, VersionLimits, VersionSettings } from './model.ts';

/** CPU time of an invocation of a version that was stored without a limit of it, ms. */
const STORED_CPU_MS = 5000;

/** How instances live where nothing is said; `max` follows from the concurrency. */
export const DEFAULT_INSTANCES: Omit<InstanceSettings, 'max'> = {
  min: 0,
  // Slow leaks in guests stay bounded.
  reuseCount: 10_000,
  concurrentReuseCount: 1,
  maxAgeMs: 3_600_000,
  idleTimeoutMs: 30_000,
  snapshot: 'auto',
};

/** What changes of these where an instance takes several calls at once: as Spin and wasmtime have it. */
export const DEFAULT_CONCURRENT_REUSE: Pick<
  InstanceSettings,
  'reuseCount' | 'concurrentReuseCount'
> = { reuseCount: 128, concurrentReuseCount: 16 };

/** What every release has written, and what some did not know. */
interface StoredSettings extends Omit<
  VersionSettings,
  'limits' | 'instances' | 'budget' | 'serverTiming' | 'config' | 'secrets' | 'keyValue'
> {
  readonly limits: Omit<VersionLimits, 'cpuMs'> & Partial<Pick<VersionLimits, 'cpuMs'>>;
  readonly instances?: Omit<InstanceSettings, 'concurrentReuseCount'> &
    Partial<Pick<InstanceSettings, 'concurrentReuseCount'>>;
  readonly budget?: VersionSettings['budget'];
  readonly serverTiming?: boolean;
  readonly config?: VersionSettings['config'];
  readonly secrets?: VersionSettings['secrets'];
  readonly keyValue?: VersionSettings['keyValue'];
}

/** Writes settings, always the same way. */
export function formatSettings(settings: VersionSettings): string {
  return canonicalJson(settings);
}

/** Reads settings that this release or an older one has written. */
export function parseSettings(text: string): VersionSettings {
  const stored = JSON.parse(text) as StoredSettings;
  const { limits } = stored;
  return {
    ...stored,
    limits: { ...limits, cpuMs: limits.cpuMs ?? Math.min(STORED_CPU_MS, limits.timeoutMs) },
    instances: { ...DEFAULT_INSTANCES, max: limits.concurrency, ...stored.instances },
    budget: stored.budget ?? {},
    serverTiming: stored.serverTiming ?? false,
    config: stored.config ?? [],
    secrets: stored.secrets ?? [],
    keyValue: stored.keyValue ?? [],
  };
}
