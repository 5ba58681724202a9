/**
 * Which stored bytes turned out to be beyond mending, why and since when. Whoever needs them is refused at once
 * and not with a read of the same damaged file each time; now and then one caller is let through to look whether
 * they are whole again. Nothing of this is stored: after a restart the first read finds it out anew.
 */
import type { Clock } from '../base/clock.ts';
import { HostError } from '../base/errors.ts';
import type { Digest } from '../base/ids.ts';
import type { Log } from '../logs/log.ts';
import type { Observer } from '../metrics/observer.ts';
import type { RouteSnapshot, Version } from '../registry/model.ts';

/** When quarantined bytes are looked at again; a look can cost a whole preparing. Doubles from look to look. */
const LOOK_AGAIN_MS = { first: 5_000, last: 300_000 };

/** Why bytes are in quarantine. */
export interface QuarantineEntry {
  /** `its bytes have changed since they were stored`. */
  readonly reason: string;
  /** Wall-clock time at which it was found out, ms since 1970. */
  readonly sinceMs: number;
}

interface Entry extends QuarantineEntry {
  readonly delayMs: number;
  /** On the monotonic clock. */
  nextLookMs: number;
}

/** What a quarantine works with. */
export interface QuarantineParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly observer: Observer;
}

/** Remembers artifacts and snapshot files that cannot be used. */
export class Quarantine {
  readonly #parts: QuarantineParts;
  readonly #entries = new Map<Digest, Entry>();

  constructor(parts: QuarantineParts) {
    this.#parts = parts;
  }

  /**
   * Lets a caller through who may read the bytes: always if nothing is known against them, and when it is time
   * to look again.
   *
   * @throws {artifact_quarantined} Otherwise.
   */
  check(digest: Digest): void {
    const entry = this.#entries.get(digest);
    if (entry === undefined) return;
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs < entry.nextLookMs) throw refusalOf(digest, entry.reason);
    // The others go on being refused while this one looks.
    entry.nextLookMs = nowMs + entry.delayMs;
  }

  /** The bytes cannot be used. @returns The error to throw: `artifact_quarantined`. */
  add(digest: Digest, cause: HostError): HostError {
    const { clock, log, observer } = this.#parts;
    const known = this.#entries.get(digest);
    const reason = String(cause.fields['reason'] ?? cause.message);
    const delayMs =
      known === undefined ? LOOK_AGAIN_MS.first : Math.min(known.delayMs * 2, LOOK_AGAIN_MS.last);
    const sinceMs = known?.sinceMs ?? clock.wallMs();
    this.#entries.set(digest, {
      reason,
      sinceMs,
      delayMs,
      nextLookMs: clock.monotonicMs() + delayMs,
    });
    if (known === undefined) {
      observer.artifactDamage('quarantined');
      log.error({ digest, code: cause.code, reason }, 'stored bytes are in quarantine');
    }
    return refusalOf(digest, reason, cause);
  }

  /** The bytes are whole, or were stored anew. */
  lift(digest: Digest): void {
    if (!this.#entries.delete(digest)) return;
    this.#parts.observer.artifactDamage('lifted');
    this.#parts.log.info({ digest }, 'stored bytes are out of quarantine');
  }

  /** Why the bytes cannot be used; undefined if nothing is known against them. */
  get(digest: Digest): QuarantineEntry | undefined {
    return this.#entries.get(digest);
  }

  /** What is known against the bytes of a version, a sentence each, for people. */
  describe({ artifact, settings }: Version): readonly string[] {
    if (this.#entries.size === 0) return [];
    const parts = [
      { digest: artifact, what: 'in quarantine' },
      ...settings.files.map(({ digest, path }) => ({ digest, what: `file ${path} unreadable` })),
    ];
    return parts.flatMap(({ digest, what }) => {
      const entry = this.#entries.get(digest);
      if (entry === undefined) return [];
      const since = new Date(entry.sinceMs).toISOString().replace(/\.\d+/, '');
      return [`${what} since ${since}: ${entry.reason}; deploy it again from its file`];
    });
  }

  /** Forgets what no live version needs: the next one that does finds it out anew. */
  follow({ functions }: RouteSnapshot): void {
    if (this.#entries.size === 0) return;
    const needed = new Set<Digest>();
    for (const { live } of functions.values()) {
      needed.add(live.artifact);
      for (const { digest } of live.settings.files) needed.add(digest);
    }
    for (const digest of this.#entries.keys()) if (!needed.has(digest)) this.lift(digest);
  }
}

function refusalOf(digest: Digest, reason: string, cause?: HostError): HostError {
  return new HostError('artifact_quarantined', { digest, reason }, { cause });
}
