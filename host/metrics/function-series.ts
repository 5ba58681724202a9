/**
 * All series of one value of the label `function`: counters and histograms. What it counts only grows. The
 * labels besides `function` are bounded here: outcomes and phases are closed sets, of versions and
 * limits the most recent are kept.
 */
import { addToHistogram } from './histogram-dump.ts';
import { DURATION_BUCKETS, Histogram, MEMORY_BUCKETS } from './histogram.ts';
import type {
  EvictionReason,
  InvocationReport,
  StartKind,
  StartPhases,
  StartWay,
} from './observer.ts';
import type { CountsDump, SeriesDump } from './series-dump.ts';

/** Label of all functions without a place; a function of that name never has one, or its series would be there twice. */
export const OTHER = 'other';
/** Versions with series of their own; a rollback needs two, a canary three. */
const MOST_VERSIONS = 4;
/** Names of limits with series of their own; there are fewer. */
const MOST_LIMITS = 16;

/** Finished invocations of one version: by trigger, then outcome. */
type VersionCounts = Map<string, Map<string, number>>;

/** Phases of a start, in the order of the documentation. */
const PHASES = ['read', 'compile', 'instantiate', 'total'] as const;

/** What is counted under one function label. */
export class FunctionSeries {
  /** Value of the label `function`. */
  readonly name: string;
  /** By version label, least recently used first. */
  readonly invocations = new Map<string, VersionCounts>();
  /** By start. */
  readonly durations = new Map<string, Histogram>();
  /** By start, then phase. */
  readonly starts = new Map<StartKind, Map<string, Histogram>>();
  /** Starts by where the instance came from. */
  readonly startWays = new Map<StartWay, number>();
  /** Closed instances by reason. */
  readonly evictions = new Map<EvictionReason, number>();
  readonly limits = new Map<string, number>();
  memory: Histogram | undefined;
  /** Its sum is the counter of CPU time as well. */
  cpu: Histogram | undefined;
  shed = 0;
  readonly #isCollective: boolean;
  #lastVersion = -1;
  #lastCounts: VersionCounts | undefined;

  /** @param isCollective Whether it stands for many functions: their version numbers mean nothing together. */
  constructor(name: string, isCollective: boolean) {
    this.name = name;
    this.#isCollective = isCollective;
  }

  addInvocation({
    version,
    trigger,
    outcome,
    start,
    seconds,
    peakMemoryBytes,
    cpuSeconds,
  }: InvocationReport): void {
    const counts = this.#countsOf(version);
    let outcomes = counts.get(trigger);
    if (outcomes === undefined) {
      outcomes = new Map();
      counts.set(trigger, outcomes);
    }
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    histogramIn(this.durations, start ?? 'none').observe(seconds);
    if (peakMemoryBytes !== undefined) {
      this.memory ??= new Histogram(MEMORY_BUCKETS);
      this.memory.observe(peakMemoryBytes);
    }
    if (cpuSeconds !== undefined) {
      this.cpu ??= new Histogram(DURATION_BUCKETS);
      this.cpu.observe(cpuSeconds);
    }
  }

  addStart(kind: StartKind, phases: StartPhases): void {
    let histograms = this.starts.get(kind);
    if (histograms === undefined) {
      histograms = new Map();
      this.starts.set(kind, histograms);
    }
    for (const phase of PHASES) {
      const seconds = phases[phase];
      if (seconds !== undefined) histogramIn(histograms, phase).observe(seconds);
    }
  }

  addStartWay(way: StartWay): void {
    this.startWays.set(way, (this.startWays.get(way) ?? 0) + 1);
  }

  addEviction(reason: EvictionReason): void {
    this.evictions.set(reason, (this.evictions.get(reason) ?? 0) + 1);
  }

  addLimit(limit: string): void {
    this.#addLimit(limit, 1);
  }

  /** Adds what another process has counted. @param dump Checked. */
  add(dump: SeriesDump): void {
    for (const [version, triggers] of Object.entries(dump.invocations ?? {})) {
      const counts = this.#countsOf(Number(version));
      for (const [trigger, added] of Object.entries(triggers)) {
        const outcomes = counts.get(trigger) ?? new Map<string, number>();
        counts.set(trigger, outcomes);
        addCounts(outcomes, added);
      }
    }
    for (const [start, added] of Object.entries(dump.durations ?? {})) {
      addToHistogram(histogramIn(this.durations, start), added);
    }
    for (const [start, phases] of Object.entries(dump.starts ?? {})) {
      const kind = start as StartKind;
      const histograms = this.starts.get(kind) ?? new Map<string, Histogram>();
      this.starts.set(kind, histograms);
      for (const [phase, added] of Object.entries(phases)) {
        addToHistogram(histogramIn(histograms, phase), added);
      }
    }
    addCounts(this.startWays, dump.startWays);
    addCounts(this.evictions, dump.evictions);
    for (const [limit, count] of Object.entries(dump.limits ?? {})) this.#addLimit(limit, count);
    if (dump.memory !== undefined) {
      this.memory ??= new Histogram(MEMORY_BUCKETS);
      addToHistogram(this.memory, dump.memory);
    }
    if (dump.cpu !== undefined) {
      this.cpu ??= new Histogram(DURATION_BUCKETS);
      addToHistogram(this.cpu, dump.cpu);
    }
    this.shed += dump.shed ?? 0;
  }

  #addLimit(limit: string, count: number): void {
    const isKept = this.limits.has(limit) || this.limits.size < MOST_LIMITS;
    const label = isKept ? limit : OTHER;
    this.limits.set(label, (this.limits.get(label) ?? 0) + count);
  }

  #countsOf(version: number): VersionCounts {
    if (version === this.#lastVersion && this.#lastCounts !== undefined) return this.#lastCounts;
    const label = this.#isCollective ? OTHER : String(version);
    const counts: VersionCounts = this.invocations.get(label) ?? new Map();
    // Set anew, so that the order is that of use.
    this.invocations.delete(label);
    this.invocations.set(label, counts);
    const [oldest] = this.invocations.keys();
    if (this.invocations.size > MOST_VERSIONS && oldest !== undefined) {
      this.invocations.delete(oldest);
    }
    this.#lastVersion = version;
    this.#lastCounts = counts;
    return counts;
  }
}

/** The keys are of the set that the map's type names: dumps are checked. */
function addCounts(counts: Map<string, number>, added: CountsDump = {}): void {
  for (const [key, count] of Object.entries(added)) counts.set(key, (counts.get(key) ?? 0) + count);
}

function histogramIn(histograms: Map<string, Histogram>, key: string): Histogram {
  const known = histograms.get(key);
  if (known !== undefined) return known;
  const histogram = new Histogram(DURATION_BUCKETS);
  histograms.set(key, histogram);
  return histogram;
}
