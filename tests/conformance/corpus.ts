/**
 * The corpus: random function types as echo components, run on every engine with random values. Engines
 * must give the caller the same, and the host function the same parameters, as were put in.
 */
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import fc from 'fast-check';
import type { CanonOptions, FunctionType } from '../../host/component/plan.ts';
import type { Module } from '../../host/engine/engine.ts';
import type { EngineName } from '../../host/engine/manifest.ts';
import { MemoryAccount } from '../../host/limits/memory-account.ts';
import { UnmeteredCpu } from '../../host/limits/unmetered-cpu.ts';
import { describeValue } from './describe-value.ts';
import { API, VERSION, composedComponent, echoComponent } from './echo-component.ts';
import { ENGINES, loadPrepared, prepareComponent } from './load-component.ts';
import { complaintAbout, describeError, describeOutcome, outcomeOf } from './outcome.ts';
import { Recorder, recordingInterface, withThings } from './recorder.ts';
import { arbitraryFunction, type TypeBounds } from './type-arbitrary.ts';
import { arbitraryValue } from './value-arbitrary.ts';

/** One call: parameters, and what the host function gives. */
export interface EchoCall {
  readonly parameters: readonly unknown[];
  readonly result: unknown;
}

/** One component, and the calls of each of its functions. */
export interface EchoCase {
  readonly functions: readonly FunctionType[];
  readonly encoding: CanonOptions['encoding'];
  /** If two components are composed: the encoding of the one behind. */
  readonly behind: CanonOptions['encoding'] | undefined;
  /** Whether the first function waits. */
  readonly waits: boolean;
  readonly calls: readonly (readonly EchoCall[])[];
}

/** Calls of each function. */
const CALLS = 3;
const MEMORY_BYTES = 64 * 2 ** 20;

/** Encodings of strings. */
export const ENCODINGS: readonly CanonOptions['encoding'][] = ['utf8', 'utf16', 'latin1+utf16'];

/**
 * Random cases.
 *
 * @param isComposed Whether two components are composed.
 * @param encodings Those that may occur.
 */
export function arbitraryCase(
  isComposed: boolean,
  encodings: readonly CanonOptions['encoding'][] = ENCODINGS,
): fc.Arbitrary<EchoCase> {
  const bounds: TypeBounds = { handles: 'own', maxParameters: 6, maxDepth: 3 };
  return fc.array(arbitraryFunction(bounds), { minLength: 1, maxLength: 4 }).chain((functions) =>
    fc.record({
      functions: fc.constant(functions),
      encoding: fc.constantFrom(...encodings),
      behind: isComposed ? fc.constantFrom(...encodings) : fc.constant(undefined),
      waits: fc.boolean(),
      calls: fc.tuple(
        ...functions.map((type) =>
          fc.array(arbitraryCall(type), { minLength: CALLS, maxLength: CALLS }),
        ),
      ),
    }),
  );
}

/** Runs a case on every engine. @returns What differs from what was expected, one line each. */
export async function runCase(
  test: EchoCase,
  engines: readonly EngineName[] = ENGINES,
): Promise<string[]> {
  const { functions, encoding, behind } = test;
  const text =
    behind === undefined
      ? echoComponent(functions, encoding)
      : composedComponent(functions, [encoding, behind]);
  const bytes = await parse(text);
  const host = recordingInterface(functions, { blocking: test.waits ? [0] : [] });
  const entries = functions.map((_, index) => ({
    interface: `${API}@${VERSION}`,
    function: `f${index}`,
  }));
  const [first] = entries;
  if (first === undefined) return [];
  const differences: string[] = [];
  for (const engine of engines) {
    try {
      const prepared = await prepareComponent(engine, bytes, [host], first);
      for (const [index, entry] of entries.entries()) {
        const module = await loadPrepared(prepared, [host], entry);
        const found = await runCalls(module, test, index);
        differences.push(...found.map((line) => `${engine} ${line}`));
      }
    } catch (error) {
      differences.push(`${engine} cannot run it: ${describeError(error)}`);
    }
  }
  return differences;
}

async function runCalls(module: Module, test: EchoCase, index: number): Promise<string[]> {
  const differences: string[] = [];
  const guest = new Recorder();
  let instance = await module.instantiate(
    guest,
    new MemoryAccount(MEMORY_BYTES),
    new UnmeteredCpu(),
  );
  for (const { parameters, result } of test.calls[index] ?? []) {
    guest.answer = result;
    guest.calls.length = 0;
    const outcome = await outcomeOf(() => instance.call(parameters.map(withThings)));
    const lines = [
      compare(
        'calls',
        `f${index}(${parameters.map((value) => describeValue(value)).join(', ')})`,
        guest.calls.join(' then '),
      ),
      compare('gives', expectedOutcome(test.functions[index], result), describeOutcome(outcome)),
      complaintAbout(outcome),
    ].filter((line) => line !== undefined);
    differences.push(...lines.map((line) => `f${index}: ${line}`));
    if (lines.length > 0 && outcome.kind === 'trap') {
      differences.push(`f${index}: trap by ${describeError(outcome.error)}`);
      instance = await module.instantiate(
        guest,
        new MemoryAccount(MEMORY_BYTES),
        new UnmeteredCpu(),
      );
    }
  }
  return differences;
}

function arbitraryCall({ parameters, result }: FunctionType): fc.Arbitrary<EchoCall> {
  return fc.record({
    parameters: fc.tuple(...parameters.map(({ type }) => arbitraryValue(type))),
    result: result === undefined ? fc.constant(undefined) : arbitraryValue(result),
  });
}

function expectedOutcome(type: FunctionType | undefined, result: unknown): string {
  if (type?.result?.kind !== 'result') return `value ${describeValue(result)}`;
  const { tag, val } = result as { readonly tag: string; readonly val?: unknown };
  return `${tag === 'err' ? 'error' : 'value'} ${describeValue(val)}`;
}

function compare(what: string, expected: string, actual: string): string | undefined {
  return expected === actual ? undefined : `${what} ${actual}\n    instead of ${expected}`;
}
