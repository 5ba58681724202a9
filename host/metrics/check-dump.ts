/**
 * Whether a page of a worker is one. A worker runs guests, so nothing it says is believed: names of metrics and labels are
 * ours, their values come from closed sets or are short, and numbers are such that sums stay numbers. What it
 * counts may still be untrue; that harms nobody but its own host's figures.
 */
import { checkSeries } from './check-series.ts';
import { DUMP_LAYOUT, MOST_PAGE_FUNCTIONS, type MetricsDump } from './metrics-dump.ts';
import { checkAmount, checkCount, checkKeys, recordOf, refuse } from './dump-rules.ts';

/** Names of metrics of a process → names of their labels. */
export type ProcessNames = ReadonlyMap<string, readonly string[]>;

const PAGE_KEYS = ['layout', 'run', 'page', 'more', 'functions', 'cache', 'worker'];
const WORKER_KEYS = [
  'moduleCacheBytes',
  'usedBytes',
  'limitBytes',
  'usedMappings',
  'limitMappings',
];
const FUNCTION_NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const SUFFIX = /^(?:_bucket|_sum|_count)?$/;
const GAUGES = 5;
const CACHE_EVENTS = 3;
const MOST_RUN_CHARACTERS = 64;
/** Samples of one metric of a process; a histogram of garbage collection has some 50. */
const MOST_SAMPLES = 300;
const MOST_LABEL_CHARACTERS = 64;

/**
 * Checks a page.
 *
 * @param dump What a worker sent.
 * @param names What its process may tell.
 * @returns The same.
 * @throws {RangeError} That says what is wrong with it.
 */
export function checkDump(dump: unknown, names: ProcessNames): MetricsDump {
  const page = recordOf(dump, 'a page');
  checkKeys(page, PAGE_KEYS, ['process'], 'a page');
  if (page['layout'] !== DUMP_LAYOUT) refuse('a page', 'it comes from another release');
  const { run } = page;
  if (typeof run !== 'string' || run === '' || run.length > MOST_RUN_CHARACTERS)
    refuse('run', 'it is no short text');
  checkAmount(page['page'], 'page');
  if (page['page'] === 0) refuse('page', 'pages are numbered from 1');
  if (typeof page['more'] !== 'boolean') refuse('more', 'it is neither true nor false');
  checkFunctions(page['functions']);
  checkCounts(page['cache'], CACHE_EVENTS, 'cache');
  checkWorker(page['worker']);
  if (page['process'] !== undefined) checkProcess(page['process'], names);
  return dump as MetricsDump;
}

function checkFunctions(functions: unknown): void {
  if (!Array.isArray(functions)) refuse('functions', 'they are no list');
  if (functions.length > MOST_PAGE_FUNCTIONS) refuse('functions', 'they are too many');
  for (const entry of functions) {
    const dump = recordOf(entry, 'a function');
    checkKeys(dump, ['name', 'gauges'], ['counts'], 'a function');
    const { name } = dump;
    if (typeof name !== 'string' || !FUNCTION_NAME.test(name)) refuse('name', 'no function has it');
    checkCounts(dump['gauges'], GAUGES, 'gauges');
    if (dump['counts'] !== undefined) checkSeries(dump['counts'], name);
  }
}

function checkCounts(counts: unknown, length: number, what: string): void {
  if (!Array.isArray(counts) || counts.length !== length)
    refuse(what, `they are not ${length} numbers`);
  for (const count of counts) checkCount(count, what);
}

function checkWorker(value: unknown): void {
  const gauges = recordOf(value, 'worker');
  checkKeys(gauges, [...WORKER_KEYS, 'addedBytes'], [], 'worker');
  for (const key of WORKER_KEYS) checkAmount(gauges[key], key);
  const { addedBytes } = gauges;
  if (!Number.isSafeInteger(addedBytes)) refuse('addedBytes', 'it is no whole number');
}

function checkProcess(value: unknown, names: ProcessNames): void {
  for (const [name, samples] of Object.entries(recordOf(value, 'process'))) {
    const labelNames = names.get(name);
    if (labelNames === undefined) refuse('process', 'it has a metric that there is not');
    if (!Array.isArray(samples) || samples.length > MOST_SAMPLES)
      refuse(name, 'its samples are no list, or too many');
    for (const sample of samples) checkSample(recordOf(sample, name), name, labelNames);
  }
}

function checkSample(
  sample: Record<string, unknown>,
  name: string,
  labelNames: readonly string[],
): void {
  const { metricName = name, value } = sample;
  checkKeys(sample, ['labels', 'value'], ['metricName', 'exemplar'], name);
  if (sample['exemplar'] !== undefined && sample['exemplar'] !== null)
    refuse(name, 'it has an exemplar');
  if (typeof metricName !== 'string' || !metricName.startsWith(name))
    refuse(name, 'a sample has another name');
  if (!SUFFIX.test(metricName.slice(name.length))) refuse(name, 'a sample has another name');
  if (typeof value !== 'number' || !Number.isFinite(value)) refuse(name, 'a value is no number');
  for (const [label, text] of Object.entries(recordOf(sample['labels'], name))) {
    if (!labelNames.includes(label)) refuse(name, 'it has a label that there is not');
    const isShort = typeof text === 'string' && text.length <= MOST_LABEL_CHARACTERS;
    if (!isShort && typeof text !== 'number') refuse(name, 'a label is no short text');
  }
}
