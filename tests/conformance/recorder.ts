/**
 * The host of the tests: functions of any type that write down what they are given and give what the test
 * says. One recorder is one guest.
 */
import {
  WitError,
  type HostFunction,
  type HostInterface,
} from '../../host/component/host-interface.ts';
import type { FunctionType } from '../../host/component/plan.ts';
import type { SuspendableGuest } from '../../host/engine/engine.ts';
import { describeValue } from './describe-value.ts';
import { HOST, VERSION } from './echo-component.ts';
import { RESOURCE } from './type-text.ts';

/** The resource of the host. */
export class Thing {
  readonly handle: number;

  constructor(handle: number) {
    this.handle = handle;
  }
}

/** What one guest did, and what it is given. */
export class Recorder implements SuspendableGuest {
  /** Calls in order, as text. */
  readonly calls: string[] = [];
  /** Parameters of the calls, as they were given. */
  readonly given: (readonly unknown[])[] = [];
  /** What the next call returns: the `result` types as `{ tag, val }`. */
  answer: unknown = undefined;
  /** What was wrong with its traps. */
  readonly complaints: string[] = [];
  #numbers = 0;

  /** The host's side of a call. */
  take(name: string, parameters: readonly unknown[], type: FunctionType): unknown {
    this.given.push(parameters);
    this.calls.push(`${name}(${parameters.map((value) => describeValue(value)).join(', ')})`);
    return giveResult(type, this.answer);
  }

  /** 1, 2, 3 … */
  nextNumber(): number {
    return (this.#numbers += 1);
  }

  /** A new resource; the first is number 1. */
  getThing(): Thing {
    return new Thing(this.nextNumber());
  }

  /** Nobody ends a recorder, so a promise may go to a suspended guest as it is. */
  suspend<T>(wait: Promise<T>): Promise<T> {
    return wait;
  }
}

/** The interface that components of `echo-component.ts` and `raw-component.ts` import. */
export function recordingInterface(
  functions: readonly FunctionType[],
  options: { readonly blocking: readonly number[] } = { blocking: [] },
): HostInterface {
  const entries = functions.map((type, index): [string, HostFunction] => {
    const name = `f${index}`;
    return [
      name,
      options.blocking.includes(index)
        ? async (guest: Recorder, ...parameters: unknown[]) => {
            await Promise.resolve();
            return guest.take(name, parameters, type);
          }
        : (guest: Recorder, ...parameters: unknown[]) => guest.take(name, parameters, type),
    ];
  });
  return {
    name: HOST,
    versions: { from: VERSION, to: VERSION },
    functions: {
      ...Object.fromEntries(entries),
      'get-thing': (guest: Recorder) => guest.getThing(),
      caught: (guest: Recorder) => guest.calls.push('caught'),
    },
    resources: { [RESOURCE]: Thing },
    blocking: options.blocking.map((index) => `f${index}`),
  };
}

/** A value with a fresh resource for each `{ handle }`. */
export function withThings(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map(withThings);
  if ('handle' in value) return new Thing(Number(value.handle));
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, withThings(part)]));
}

function giveResult({ result }: FunctionType, answer: unknown): unknown {
  if (result?.kind !== 'result') return withThings(answer);
  const { tag, val } = answer as { readonly tag: string; readonly val?: unknown };
  if (tag === 'err') throw new WitError(withThings(val));
  return withThings(val);
}
