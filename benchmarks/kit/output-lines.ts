/** Figures and ratios → the lines that scripts read: `figure NAME VALUE UNIT` and `ratio NAME VALUE`. */
import type { Figure, Ratio } from './suite.ts';

/** Digits that a measurement on a shared machine can carry. */
const DIGITS = 4;

/** The last lines of a suite's output, each with its line end. */
export function formatLines(ratios: readonly Ratio[], figures: readonly Figure[]): string {
  const lines = [
    ...ratios.map(({ name, value }) => `ratio ${word(name)} ${formatNumber(value)}\n`),
    ...figures.map(
      ({ name, value, unit }) => `figure ${word(name)} ${formatNumber(value)} ${word(unit)}\n`,
    ),
  ];
  return lines.join('');
}

/** A number with four digits that count, never with an exponent. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) throw new Error(`Cannot report ${value}: it is not a figure`);
  if (value === 0) return '0';
  const decimals = DIGITS - 1 - Math.floor(Math.log10(Math.abs(value)));
  const text = value.toFixed(Math.min(Math.max(decimals, 0), 12));
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function word(text: string): string {
  if (/^\S+$/.test(text)) return text;
  throw new Error(`Cannot report "${text}": a name of a figure has no blanks`);
}
