/**
 * Which functions are not run because they have stopped workers too often, as a data plane knows it: it is told by
 * whoever decides that (`host/cluster/watchdog/blame.ts`). Looked at for each request, so it costs one comparison while
 * nothing is in quarantine, and one look-up otherwise.
 */
import { HostError } from '../base/errors.ts';
import type { FunctionName, VersionNumber } from '../base/ids.ts';
import type { Version } from '../registry/model.ts';

/** A function in quarantine. */
export interface QuarantinedFunction {
  readonly name: FunctionName;
  /** The version that was live when it was quarantined; others are not meant. */
  readonly version: VersionNumber;
  /** When that version was made: a function that is deleted and deployed again starts at version 1 again. */
  readonly versionCreatedMs: number;
  /** `it stopped a worker from answering 3 times within 10 minutes`. */
  readonly reason: string;
  /** Wall-clock time at which that was decided, ms since 1970. */
  readonly sinceMs: number;
}

/** The functions that one data plane does not run. */
export class FunctionQuarantine {
  #functions: ReadonlyMap<string, QuarantinedFunction> = new Map();

  /**
   * Replaces the list. Who follows route snapshots looks at it then: `FunctionInvoker.follow` is called afterwards, with
   * the snapshot that is in force.
   */
  replace(functions: Iterable<QuarantinedFunction>): void {
    this.#functions = new Map([...functions].map((one) => [one.name, one]));
  }

  /** Whether a version is in quarantine. */
  holds(version: Version): boolean {
    return this.#functions.size > 0 && concerns(this.#functions.get(version.function), version);
  }

  /** What to answer to a request on a version; undefined if it may run. */
  refusalOf(version: Version): HostError | undefined {
    if (this.#functions.size === 0) return undefined;
    const entry = this.#functions.get(version.function);
    if (entry === undefined || !concerns(entry, version)) return undefined;
    return new HostError('function_quarantined', { name: entry.name, reason: entry.reason });
  }
}

/** Says it in a sentence, for people. */
export function describeQuarantine({
  name,
  version,
  reason,
  sinceMs,
}: QuarantinedFunction): string {
  const since = new Date(sinceMs).toISOString().replace(/\.\d+/, '');
  return `version ${version} in quarantine since ${since}: ${reason}; "faas resume ${name}" or a new version ends it`;
}

/** Whether an entry means a version. */
export function concerns(
  entry: Pick<QuarantinedFunction, 'version' | 'versionCreatedMs'> | undefined,
  { number, createdMs }: Version,
): boolean {
  return entry?.version === number && entry.versionCreatedMs === createdMs;
}
