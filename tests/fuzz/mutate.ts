/**
 * Changes component binaries at random: bytes, numbers, whole sections. Most changes are made outside of
 * core modules, whose bytes are the larger part and mean nothing to the component decoder.
 */
import { ByteReader } from '../../host/wasm/byte-reader.ts';
import type { Random } from './random.ts';

/** A component that is changed. */
export interface Seed {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Where its core modules lie. */
  readonly modules: readonly { readonly offset: number; readonly bytes: number }[];
}

const PREAMBLE_BYTES = 8;

/** Bytes that are ids, sorts, forms and edges of LEB128 numbers. */
const EDGES: readonly number[] = [
  0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x0b, 0x0f, 0x10, 0x11, 0x12, 0x3f, 0x40,
  0x60, 0x68, 0x69, 0x6a, 0x6b, 0x6e, 0x6f, 0x70, 0x71, 0x72, 0x73, 0x78, 0x7f, 0x80, 0xff,
];

/**
 * Changes.
 *
 * @param other Another component, of which a section may be taken.
 */
export function mutate(seed: Seed, other: Seed, random: Random): Uint8Array {
  let bytes: Uint8Array = Uint8Array.from(seed.bytes);
  // One change reaches deeper than three; changes that move what follows rarely pass the decoder.
  for (let left = random.once(3) ? 2 + random.below(2) : 1; left > 0; left -= 1) {
    bytes = random.once(6)
      ? mutateSections(bytes, other.bytes, random)
      : mutateBytes(bytes, seed, random);
  }
  return bytes;
}

function mutateBytes(bytes: Uint8Array, seed: Seed, random: Random): Uint8Array {
  const at = positionOf(bytes, seed, random);
  const old = bytes[at] ?? 0;
  switch (random.once(3) ? random.below(8) : 3 + random.below(5)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return concatenate(bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(4)));
    case 2:
      return concatenate(bytes.subarray(0, at), [random.pick(EDGES)], bytes.subarray(at));
    case 3:
      bytes[at] = old ^ (1 << random.below(8));
      return bytes;
    case 4:
      bytes[at] = old + (random.once(2) ? 1 : -1);
      return bytes;
    case 5:
      bytes.copyWithin(at, positionOf(bytes, seed, random), at + 1 + random.below(8));
      return bytes;
    case 6:
      bytes[at] = random.below(256);
      return bytes;
    default:
      bytes[at] = random.pick(EDGES);
      return bytes;
  }
}

/** Leaves out, doubles, moves or takes over a section of the outermost component. */
function mutateSections(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const sections = sectionsOf(bytes);
  if (sections.length === 0) return bytes;
  const at = random.below(sections.length);
  const to = random.below(sections.length);
  const section = sections[at] ?? [];
  switch (random.below(4)) {
    case 0:
      sections.splice(at, 1);
      break;
    case 1:
      sections.splice(to, 0, section);
      break;
    case 2:
      sections.splice(at, 1);
      sections.splice(to, 0, section);
      break;
    default:
      sections.splice(to, 0, random.pick([section, ...sectionsOf(other)]));
  }
  return concatenate(bytes.subarray(0, PREAMBLE_BYTES), ...sections);
}

function sectionsOf(bytes: Uint8Array): (readonly number[] | Uint8Array)[] {
  const sections: Uint8Array[] = [];
  const reader = new ByteReader(bytes, PREAMBLE_BYTES);
  try {
    while (!reader.done) {
      const start = reader.offset;
      reader.u8();
      reader.sized('a section');
      sections.push(bytes.subarray(start, reader.offset));
    }
  } catch {
    // What comes behind is no section any more.
  }
  return sections;
}

function positionOf(bytes: Uint8Array, { modules }: Seed, random: Random): number {
  for (let tries = 0; tries < 20; tries += 1) {
    const at = random.below(bytes.length || 1);
    const isInside = modules.some(({ offset, bytes: size }) => at >= offset && at < offset + size);
    if (!isInside || random.once(20)) return at;
  }
  return random.below(bytes.length || 1);
}

function concatenate(...parts: readonly ArrayLike<number>[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let end = 0;
  for (const part of parts) {
    whole.set(part, end);
    end += part.length;
  }
  return whole;
}
