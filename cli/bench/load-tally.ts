/** Answers and failures of a load, counted in bounded space whatever the server says. */
import { LatencyHistogram } from './latency-histogram.ts';
import type { Answer } from './load-connection.ts';
import type { RunOutcome } from './load-run.ts';

/** Kinds of errors that are told apart; a function may invent any number of codes. */
const MAX_KINDS = 100;
const OTHER = 'other';

/** Counts. */
export class LoadTally {
  readonly #latencies = new LatencyHistogram();
  readonly #statuses = new Map<string, number>();
  readonly #errors = new Map<string, number>();
  #requests = 0;
  #failures = 0;
  #sumMs = 0;
  #leastMs = Number.POSITIVE_INFINITY;
  #mostMs = 0;

  /** Answers with a status below 400. */
  get requests(): number {
    return this.#requests;
  }

  /** Everything else. */
  get failures(): number {
    return this.#failures;
  }

  /**
   * Counts an answer.
   *
   * @returns What went wrong, if it was no success.
   */
  answered(
    { status, errorText }: Answer,
    { isCounted, latencyMs }: { isCounted: boolean; latencyMs: number | undefined },
  ): string | undefined {
    const error = status < 400 ? undefined : describe(status, errorText);
    if (isCounted) {
      add(this.#statuses, String(status));
      if (error === undefined) this.#requests += 1;
      else this.#countError(error);
    }
    if (error !== undefined) return `status ${error}`;
    if (latencyMs !== undefined) this.#addLatency(latencyMs);
    return undefined;
  }

  /** Counts a request that was not answered because its connection failed. */
  failed(error: Error): void {
    const code = 'code' in error ? String(error.code) : error.message;
    this.#countError(code.slice(0, 100));
  }

  /** What was counted. */
  sumUp(): Pick<
    RunOutcome,
    'requests' | 'latencies' | 'leastMs' | 'meanMs' | 'mostMs' | 'statuses' | 'errors'
  > {
    const { total } = this.#latencies;
    return {
      requests: this.#requests,
      latencies: this.#latencies.toJSON(),
      leastMs: total === 0 ? 0 : this.#leastMs,
      meanMs: total === 0 ? 0 : this.#sumMs / total,
      mostMs: this.#mostMs,
      statuses: Object.fromEntries(this.#statuses),
      errors: Object.fromEntries([...this.#errors].sort(([, a], [, b]) => b - a)),
    };
  }

  #addLatency(ms: number): void {
    this.#latencies.add(ms);
    this.#sumMs += ms;
    this.#leastMs = Math.min(this.#leastMs, ms);
    this.#mostMs = Math.max(this.#mostMs, ms);
  }

  #countError(kind: string): void {
    this.#failures += 1;
    const isKnown = this.#errors.has(kind) || this.#errors.size < MAX_KINDS;
    add(this.#errors, isKnown ? kind : OTHER);
  }
}

/** Status, and the code of the error if the host or the function names one. */
function describe(status: number, errorText: string): string {
  const code = /"code":\s*"([a-z0-9_.-]{1,64})"/i.exec(errorText)?.[1];
  return code === undefined ? String(status) : `${status} ${code}`;
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
