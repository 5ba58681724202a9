/**
 * Values of a guest that does not keep to the rules: a correct image of memory in which some bytes and core
 * values were changed. The reference says what must come of it: values, or a trap.
 */
import fc from 'fast-check';
import type { CanonOptions, FunctionType } from '../../host/component/plan.ts';
import type { Module } from '../../host/engine/engine.ts';
import { MemoryAccount } from '../../host/limits/memory-account.ts';
import { UnmeteredCpu } from '../../host/limits/unmetered-cpu.ts';
import { describeValue } from './describe-value.ts';
import { complaintAbout, outcomeOf } from './outcome.ts';
import { HONEST, IMAGE_START, MEMORY_SIZE } from './raw-component.ts';
import { Recorder } from './recorder.ts';
import { alignTo, alignmentOf, coreSignature, sizeOf } from './reference-layout.ts';
import { ReferenceLifter, ReferenceTrap, TooMuch } from './reference-lift.ts';
import { ReferenceImage, type Bits } from './reference-lower.ts';
import { GUEST_HANDLES, arbitraryValue } from './value-arbitrary.ts';

/** One change of a correct image or of its core values. */
export interface Change {
  readonly where: 'image' | 'core';
  /** Taken modulo what there is. */
  readonly position: number;
  readonly width: 1 | 2 | 4 | 8;
  readonly value: Bits;
}

/** What is handed over, and how it is spoilt. */
export interface RawCase {
  /** `take`: as parameters of a host function; `give`: as the result of an export. */
  readonly direction: 'take' | 'give';
  readonly parameters: readonly unknown[];
  readonly result: unknown;
  readonly changes: readonly Change[];
  /** Where the host's result goes, if through memory. */
  readonly resultAt: number;
  /** What the allocator answers while the host's result is lowered, or `HONEST`. */
  readonly allocator: number;
}

/** What a guest hands over, exactly. */
interface Input {
  readonly image: Uint8Array;
  readonly core: readonly Bits[];
}

/** Numbers at which checks go wrong: sizes, signs, ends of the memory, edges of characters. */
export const EDGE_BITS: readonly Bits[] = [
  0n,
  1n,
  2n,
  3n,
  4n,
  8n,
  16n,
  17n,
  255n,
  256n,
  0xd800n,
  0xdfffn,
  0xfff0n,
  0xffffn,
  0x1_0000n,
  0x1_0001n,
  0x10_ffffn,
  0x11_0000n,
  0x7fff_ffffn,
  0x8000_0000n,
  0x8000_0001n,
  0xffff_fff8n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0xffff_ffff_ffff_ffffn,
];

const MEMORY_BYTES = 2 ** 20;

/** Random cases of one function type. */
export function arbitraryRawCase(type: FunctionType): fc.Arbitrary<RawCase> {
  const address = fc.oneof(
    { weight: 3, arbitrary: fc.nat(MEMORY_SIZE / 8).map((index) => index * 8) },
    { weight: 1, arbitrary: fc.nat(MEMORY_SIZE + 16) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(...EDGE_BITS).map((edge) => Number(edge & 0xffff_ffffn)),
    },
  );
  return fc.record({
    direction: type.result === undefined ? fc.constant('take') : fc.constantFrom('take', 'give'),
    parameters: fc.tuple(...type.parameters.map((parameter) => arbitraryValue(parameter.type))),
    result: type.result === undefined ? fc.constant(undefined) : arbitraryValue(type.result),
    changes: fc.array(arbitraryChange(), { maxLength: 3 }),
    resultAt: address,
    allocator: fc.oneof(
      { weight: 3, arbitrary: fc.constant(HONEST) },
      { weight: 1, arbitrary: address },
    ),
  });
}

function arbitraryChange(): fc.Arbitrary<Change> {
  return fc.record({
    where: fc.constantFrom('image', 'core'),
    position: fc.nat(2000),
    width: fc.constantFrom(1, 2, 4, 8),
    value: fc.oneof(fc.constantFrom(...EDGE_BITS), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  });
}

/**
 * What must come of a case.
 *
 * @returns The values as text, `trap`, or undefined if a host may decide.
 */
export function expectedOfRaw(
  type: FunctionType,
  encoding: CanonOptions['encoding'],
  test: RawCase,
): string | undefined {
  const { image, core } = inputOf(type, encoding, test);
  const memory = new Uint8Array(MEMORY_SIZE);
  memory.set(image, IMAGE_START);
  const view = new DataView(memory.buffer);
  const coreAt = alignTo(IMAGE_START + image.length, 8);
  for (const [index, bits] of core.entries()) view.setBigUint64(coreAt + index * 8, bits, true);
  const handles = Array.from({ length: GUEST_HANDLES }, (_, index) => index + 1);
  const lifter = new ReferenceLifter(memory, encoding, handles);
  const pointer = Number(BigInt.asUintN(32, core[0] ?? 0n));
  try {
    if (test.direction === 'give') {
      if (type.result === undefined) return describeText(undefined);
      const { resultInMemory } = coreSignature(type, 'lift');
      const [value] = resultInMemory
        ? lifter.liftTuple([type.result], pointer)
        : lifter.liftFlat([type.result], core);
      return describeText(value);
    }
    const types = type.parameters.map((parameter) => parameter.type);
    const values = coreSignature(type, 'lower').parametersInMemory
      ? lifter.liftTuple(types, pointer)
      : lifter.liftFlat(types, core);
    return canReturn(type, encoding, test) ? describeText(values) : 'trap';
  } catch (error) {
    if (error instanceof TooMuch) return undefined;
    if (error instanceof ReferenceTrap) return 'trap';
    throw error;
  }
}

/** Runs a case. @returns Values as text or `trap`; what is wrong in itself as `complaint`. */
export async function runRaw(
  module: Module,
  type: FunctionType,
  encoding: CanonOptions['encoding'],
  test: RawCase,
): Promise<{ readonly came: string; readonly complaint: string | undefined }> {
  const { image, core } = inputOf(type, encoding, test);
  const guest = new Recorder();
  guest.answer = test.result;
  const instance = await module.instantiate(
    guest,
    new MemoryAccount(MEMORY_BYTES),
    new UnmeteredCpu(),
  );
  const outcome = await outcomeOf(() => instance.call([image, BigUint64Array.from(core)]));
  const complaint = guest.calls.includes('caught')
    ? 'the guest caught what should have ended it'
    : complaintAbout(outcome);
  if (outcome.kind === 'trap') return { came: 'trap', complaint };
  if (test.direction === 'take') return { came: describeText(guest.given[0]), complaint };
  const isResult = type.result?.kind === 'result';
  const value = isResult
    ? { tag: outcome.kind === 'error' ? 'err' : 'ok', val: outcome.value }
    : outcome.value;
  return { came: describeText(value), complaint };
}

function inputOf(
  type: FunctionType,
  encoding: CanonOptions['encoding'],
  { direction, parameters, result, changes, resultAt, allocator }: RawCase,
): Input {
  const image = new ReferenceImage(IMAGE_START, encoding);
  const types = type.parameters.map((parameter) => parameter.type);
  let core: Bits[];
  if (direction === 'give') {
    const { resultInMemory } = coreSignature(type, 'lift');
    if (type.result === undefined) core = [];
    else if (resultInMemory) core = [BigInt(image.lowerTuple([type.result], [result]))];
    else core = image.lowerFlat(type.result, result);
  } else {
    const { parametersInMemory } = coreSignature(type, 'lower');
    core = parametersInMemory
      ? [BigInt(image.lowerTuple(types, parameters))]
      : types.flatMap((each, index) => image.lowerFlat(each, parameters[index]));
  }
  const bytes = image.bytes;
  for (const change of changes) {
    if (change.where === 'image') changeBytes(bytes, change);
    else if (core.length > 0) {
      const index = change.position % core.length;
      core[index] = BigInt.asUintN(change.width * 8, change.value);
    }
  }
  // No change reaches these: they are what the test means.
  if (direction === 'take' && coreSignature(type, 'lower').resultInMemory)
    core.push(BigInt(resultAt));
  return { image: bytes, core: [...core, BigInt(direction === 'take' ? allocator : HONEST)] };
}

function changeBytes(bytes: Uint8Array, { position, width, value }: Change): void {
  for (let index = 0; index < width; index += 1) {
    const at = (position % (bytes.length || 1)) + index;
    if (at < bytes.length) bytes[at] = Number((value >> BigInt(8 * index)) & 0xffn);
  }
}

/** Whether the host's result can be lowered to where the guest wants it. */
function canReturn(
  type: FunctionType,
  encoding: CanonOptions['encoding'],
  { result, resultAt, allocator }: RawCase,
): boolean {
  if (type.result === undefined || !coreSignature(type, 'lower').resultInMemory) return true;
  if (resultAt % alignmentOf(type.result) !== 0) return false;
  if (resultAt + sizeOf(type.result) > MEMORY_SIZE) return false;
  const image = new ReferenceImage(IMAGE_START, encoding);
  image.lowerFlat(type.result, result);
  return (
    allocator === HONEST ||
    image.allocations.every(
      ({ size, alignment }) => allocator % alignment === 0 && allocator + size <= MEMORY_SIZE,
    )
  );
}

function describeText(value: unknown): string {
  return describeValue(value, { classes: false });
}
