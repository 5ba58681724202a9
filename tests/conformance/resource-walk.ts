/**
 * Random walks over the handles of a guest: what one engine's guest and host see, as lines of text that the
 * other engine must give too. A walk ends with the first trap.
 */
import fc from 'fast-check';
import type { HostInterface } from '../../host/component/host-interface.ts';
import type { Module } from '../../host/engine/engine.ts';
import { MemoryAccount } from '../../host/limits/memory-account.ts';
import { UnmeteredCpu } from '../../host/limits/unmetered-cpu.ts';
import { HOST, VERSION } from './echo-component.ts';
import { complaintAbout, outcomeOf } from './outcome.ts';
import { Recorder } from './recorder.ts';
import { STEPS, type Step } from './resource-component.ts';

/** One step: what the guest is told, or that the host drops a counter. */
export interface Stride {
  readonly step: Step | 'host-drops';
  readonly number: number;
  /** Which of the counters that the host ever got; undefined: none. */
  readonly lent: number | undefined;
  readonly given: number | undefined;
}

/** A thing of the host that tells when it is dropped. */
export class DroppedThing {
  readonly id: number;
  readonly #guest: Recorder;

  constructor(id: number, guest: Recorder) {
    this.id = id;
    this.#guest = guest;
  }

  [Symbol.dispose](): void {
    this.#guest.calls.push(`thing ${this.id} dropped`);
  }
}

/** What the walking guest imports. */
export const WALK_HOST: HostInterface = {
  name: HOST,
  versions: { from: VERSION, to: VERSION },
  functions: {
    destroyed: (guest: Recorder, number: number) => guest.calls.push(`counter ${number} destroyed`),
    'get-thing': (guest: Recorder) => new DroppedThing(guest.nextNumber(), guest),
    'show-thing': (guest: Recorder, thing: DroppedThing) => {
      guest.calls.push(`thing ${thing.id} shown`);
      return thing.id;
    },
    'send-thing': (guest: Recorder, thing: DroppedThing) => {
      guest.calls.push(`thing ${thing.id} sent`);
    },
    'lend-and-send': (guest: Recorder) => guest.calls.push('lent and sent'),
  },
  resources: { thing: DroppedThing },
  blocking: [],
};

/** Steps that need a counter. */
const NEEDS_LENT: ReadonlySet<Stride['step']> = new Set(['look']);
const NEEDS_GIVEN: ReadonlySet<Stride['step']> = new Set(['take', 'keep', 'return', 'host-drops']);

/** Steps whose outcome does not depend on the numbers of handles, which are not the same in jco: of counters, and of things. */
export const PLAIN_STEPS: readonly (readonly Stride['step'][])[] = [
  ['make', 'look', 'take', 'return', 'make-and-drop', 'host-drops'],
  ['get-thing', 'show-thing-handle', 'send-thing-handle', 'drop-thing-handle'],
];

/**
 * Random walks.
 *
 * @param steps Those that may occur.
 * @param numbers What `number` may be.
 */
export function arbitraryWalk(
  steps: readonly Stride['step'][],
  numbers: fc.Arbitrary<number>,
): fc.Arbitrary<readonly Stride[]> {
  return fc.array(
    fc
      .record({
        // The first step makes what the others need.
        step: fc.oneof(
          { weight: 1, arbitrary: fc.constant(steps[0] ?? 'make') },
          { weight: 2, arbitrary: fc.constantFrom(...steps) },
        ),
        number: numbers,
        which: fc.nat(3),
      })
      .map(({ step, number, which }) => ({
        step,
        number,
        lent: NEEDS_LENT.has(step) ? which : undefined,
        given: NEEDS_GIVEN.has(step) ? which : undefined,
      })),
    { minLength: 1, maxLength: 12 },
  );
}

/** Walks on a new instance. @returns One line for each thing that happened. */
export async function walk(module: Module, strides: readonly Stride[]): Promise<string[]> {
  const guest = new Recorder();
  const instance = await module.instantiate(guest, new MemoryAccount(2 ** 20), new UnmeteredCpu());
  const counters: unknown[] = [];
  for (const { step, number, lent, given } of strides) {
    const isMissing = [lent, given].some(
      (index) => index !== undefined && index >= counters.length,
    );
    // Without a counter there is nothing to lend.
    if (isMissing) continue;
    const pick = (index: number | undefined): unknown =>
      index === undefined ? undefined : counters[index];
    guest.calls.push(`${step} ${number} ${lent ?? ''} ${given ?? ''}`);
    const outcome = await outcomeOf(async () => {
      if (step !== 'host-drops') {
        return await instance.call([STEPS.indexOf(step), number, pick(lent), pick(given)]);
      }
      (pick(given) as Disposable)[Symbol.dispose]();
      return [0, undefined];
    });
    if (outcome.kind === 'trap') {
      guest.calls.push('trap');
      const complaint = complaintAbout(outcome);
      if (complaint !== undefined) guest.complaints.push(complaint);
      break;
    }
    const [told, counter] = outcome.value as [number, unknown];
    guest.calls.push(`gives ${told}${counter === undefined ? '' : ' and a counter'}`);
    if (counter !== undefined) counters.push(counter);
  }
  return [...guest.calls, ...guest.complaints.map((complaint) => `complaint: ${complaint}`)];
}
