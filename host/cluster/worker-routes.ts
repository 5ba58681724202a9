/** What a worker knows of what is deployed: the supervisor's last word. */
import type { RouteSnapshot } from '../registry/model.ts';
import { applyChange, snapshotOf, type RouteChange, type RouteState } from './route-changes.ts';

const NOTHING: RouteSnapshot = Object.freeze({ epoch: -1, functions: new Map() });

/** The snapshot of a worker. */
export class WorkerRoutes {
  readonly #listeners = new Set<(snapshot: RouteSnapshot) => void>();
  #snapshot = NOTHING;

  get snapshot(): RouteSnapshot {
    return this.#snapshot;
  }

  subscribe(listener: (snapshot: RouteSnapshot) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes a whole state. @returns The epoch that is served now. */
  replace(state: RouteState): number {
    return this.#publish(snapshotOf(state));
  }

  /** Takes a change. @returns The epoch that is served now; another than the change's if one was missed. */
  apply(change: RouteChange): number {
    const next = applyChange(this.#snapshot, change);
    return next === undefined ? this.#snapshot.epoch : this.#publish(next);
  }

  #publish(snapshot: RouteSnapshot): number {
    this.#snapshot = snapshot;
    for (const listener of this.#listeners) listener(snapshot);
    return snapshot.epoch;
  }
}
