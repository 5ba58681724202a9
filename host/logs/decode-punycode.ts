/** Punycode as Rust writes it into symbol names, with `_` in place of `-` → text. Follows RFC 3492. */

const BASE = 36;
const LEAST = 1;
const MOST = 26;
const SKEW = 38;
const DAMP = 700;
const FIRST_BIAS = 72;
const FIRST_POINT = 128;
const MAX_POINT = 0x10_ff_ff;
/** The RFC asks for 26 bits and more; a weight that grows beyond comes with a larger index. */
const MOST_INDEX = 2 ** 31;

/** @returns Undefined if it is none. */
export function decodePunycode(text: string): string | undefined {
  const mark = text.lastIndexOf('_');
  const points = Array.from(text.slice(0, Math.max(mark, 0)), (one) => one.codePointAt(0) ?? 0);
  const digits = text.slice(mark + 1);
  let [point, bias, index, at] = [FIRST_POINT, FIRST_BIAS, 0, 0];
  while (at < digits.length) {
    const start = index;
    let weight = 1;
    for (let step = BASE; ; step += BASE) {
      const digit = digitOf(digits.codePointAt(at) ?? 0);
      at += 1;
      if (digit === undefined) return undefined;
      index += digit * weight;
      if (index > MOST_INDEX) return undefined;
      const threshold = Math.min(Math.max(step - bias, LEAST), MOST);
      if (digit < threshold) break;
      weight *= BASE - threshold;
    }
    const count = points.length + 1;
    bias = adapt(index - start, count, start === 0);
    point += Math.floor(index / count);
    index %= count;
    if (point > MAX_POINT || (point >= 0xd8_00 && point <= 0xdf_ff)) return undefined;
    points.splice(index, 0, point);
    index += 1;
  }
  return String.fromCodePoint(...points);
}

/** `a` to `z` are 0 to 25, `0` to `9` are 26 to 35. */
function digitOf(code: number): number | undefined {
  if (code >= 97 && code <= 122) return code - 97;
  return code >= 48 && code <= 57 ? code - 22 : undefined;
}

function adapt(delta: number, count: number, isFirst: boolean): number {
  let rest = isFirst ? Math.floor(delta / DAMP) : delta >> 1;
  rest += Math.floor(rest / count);
  let step = 0;
  for (; rest > ((BASE - LEAST) * MOST) >> 1; step += BASE)
    rest = Math.floor(rest / (BASE - LEAST));
  return step + Math.floor(((BASE - LEAST + 1) * rest) / (rest + SKEW));
}
