/** What the suite `density` finds: sizes in bytes, null where the system does not tell. */
import type { PeerDensity } from './density-peers.ts';
import type { IdleInstances } from './idle-instances.ts';
import type { InFlightDensity } from './in-flight.ts';
import type { InstalledSize } from './installed-size.ts';
import type { InstanceLimit } from './instance-limit.ts';

/** Idle instances, and the same host with hardly any. */
export interface IdleDensity {
  readonly many: IdleInstances;
  readonly base: IdleInstances;
  /** What each added, bytes; null where the system does not tell. */
  readonly bytesEach: number | null;
  readonly pageTableBytesEach: number | null;
}

/** Everything that was found. */
export interface DensityFound {
  readonly idle: readonly IdleDensity[];
  readonly limits: readonly InstanceLimit[];
  readonly inFlight: InFlightDensity;
  readonly functions: { readonly count: number; readonly bytesEach: number | null };
  readonly peers: readonly PeerDensity[];
  /** Bytes of an instance by engine. */
  readonly lab: { readonly native: number; readonly jco: number };
  /** A host as it is by default, with one function, bytes; null where the system does not tell. */
  readonly idleHostBytes: number | null;
  readonly installed: InstalledSize;
}
