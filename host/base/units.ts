/** Text of sizes and durations ↔ numbers, the same everywhere: configuration, CLI, API. */
import { HostError } from './errors.ts';

const SIZES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1000,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};
const DURATIONS: Readonly<Record<string, number>> = {
  us: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * Reads a size: `64MiB`, `1.5GB`, `512KiB`, `100B`.
 *
 * @returns Whole bytes.
 * @throws {invalid_size} If number or unit cannot be read.
 */
export function parseSize(text: string): number {
  const value = parseWithUnit(text, SIZES);
  if (value === undefined) throw new HostError('invalid_size', { value: text.slice(0, 40) });
  return Math.round(value);
}

/**
 * Reads a duration: `250ms`, `10s`, `1.5m`, `1h`.
 *
 * @returns Milliseconds.
 * @throws {invalid_duration} If number or unit cannot be read.
 */
export function parseDuration(text: string): number {
  const value = parseWithUnit(text, DURATIONS);
  if (value === undefined) throw new HostError('invalid_duration', { value: text.slice(0, 40) });
  return value;
}

/** Writes a size for people: `64.0 MiB`, `812 B`. */
export function formatSize(bytes: number): string {
  for (const unit of ['GiB', 'MiB', 'KiB']) {
    const size = SIZES[unit] ?? 1;
    if (bytes >= size) return `${(bytes / size).toFixed(1)} ${unit}`;
  }
  return `${bytes} B`;
}

/** Writes a duration for people: `12 µs`, `3.4 ms`, `2.0 s`. */
export function formatDuration(ms: number): string {
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 1000) return `${ms.toFixed(1)} ms`;
  return `${(ms / 1000).toFixed(1)} s`;
}

function parseWithUnit(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-zA-Z]+)$/.exec(text.trim());
  const unit = match?.[2] === undefined ? undefined : units[match[2]];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}
