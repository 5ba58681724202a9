/**
 * Canonical functions → lifted functions and trampolines, with everything checked that generated code
 * relies on: core functions have the flattened signature of their type, and memory and `realloc` are
 * given wherever a string, a list or too many values must pass.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md
 */
import type { CanonDefinition, CanonicalOptions } from '../decode/decoded-component.ts';
import { unsupported } from '../decode/unsupported.ts';
import type { CanonOptions } from '../plan.ts';
import { describeSignature, sameSignature, type CoreSignature } from './core-interface.ts';
import type { Environment } from './environment.ts';
import type { Flattening } from './flattening.ts';
import type { CoreItem, FunctionTypeItem } from './items.ts';
import { malformedAt } from './malformed-at.ts';
import { liftSignature, lowerSignature, spills } from './value-facts.ts';

const REALLOC: CoreSignature = { parameters: ['i32', 'i32', 'i32', 'i32'], results: ['i32'] };
const TO_REP: CoreSignature = { parameters: ['i32'], results: ['i32'] };
const DROP: CoreSignature = { parameters: ['i32'], results: [] };

/**
 * Adds a canonical function to the functions, or to the core functions.
 *
 * @param at Offset of the definition, for errors.
 * @throws {malformed_wasm} If it does not fit what it lifts or lowers.
 * @throws {unsupported_by_native} If its memory has 64-bit addresses.
 */
export function defineCanon(
  flattening: Flattening,
  environment: Environment,
  canon: CanonDefinition,
  at: number,
): void {
  switch (canon.kind) {
    case 'lift':
      lift(environment, canon, at);
      return;
    case 'lower':
      lower(flattening, environment, canon, at);
      return;
    case 'resource-new':
    case 'resource-rep':
    case 'resource-drop':
      defineResourceFunction(flattening, environment, canon, at);
  }
}

/** Checks that a core function is a destructor. @throws {malformed_wasm} If it is not. */
export function checkDestructor(core: CoreItem, at: number): void {
  checkSignature(core, DROP, 'a destructor', at);
}

function lift(
  environment: Environment,
  canon: Extract<CanonDefinition, { kind: 'lift' }>,
  at: number,
): void {
  const type = environment.get('type', canon.type);
  if (type.kind !== 'func') throw malformedAt('the type of a function', at);
  const core = environment.get('core-func', canon.core);
  const signature = liftSignature(type);
  checkSignature(core, signature, 'the lifted function', at);
  const options = resolveOptions(environment, canon.options, signature, at);
  const spilled = spills(type);
  checkGiven(
    options,
    {
      memory: hasPointers(type) || spilled.parameters || spilled.result,
      realloc: type.parameters.hasPointers || spilled.parameters,
    },
    at,
  );
  const source = { kind: 'lifted', component: environment.component, core, options } as const;
  environment.define('func', { sort: 'func', type, source });
}

function lower(
  { builder }: Flattening,
  environment: Environment,
  canon: Extract<CanonDefinition, { kind: 'lower' }>,
  at: number,
): void {
  const func = environment.get('func', canon.func);
  const options = resolveOptions(environment, canon.options, undefined, at);
  const spilled = spills(func.type);
  checkGiven(
    options,
    {
      memory: hasPointers(func.type) || spilled.parameters || spilled.result,
      realloc: func.type.result?.hasPointers === true,
    },
    at,
  );
  const { component } = environment;
  const { source } = func;
  const ref = builder.addTrampoline(
    source.kind === 'imported'
      ? { kind: 'lower', component, import: builder.importOf(func, source), options }
      : { kind: 'adapter', component, lift: builder.liftOf(func), options },
  );
  const signature = lowerSignature(func.type);
  environment.define('core-func', { sort: 'core-func', ref, signature, is64: false });
}

function defineResourceFunction(
  { builder }: Flattening,
  environment: Environment,
  { kind, type }: Extract<CanonDefinition, { type: number; kind: `resource-${string}` }>,
  at: number,
): void {
  const target = environment.get('type', type);
  if (target.kind !== 'resource') throw malformedAt('a resource type', at);
  const { component } = environment;
  if (kind !== 'resource-drop') {
    // Only who made a resource type may see what represents its resources.
    const resource = builder.getResource(target.resource);
    if (resource?.kind !== 'own' || resource.component !== component) {
      throw malformedAt('a resource type of this component', at);
    }
  }
  const ref = builder.addTrampoline({ kind, component, resource: target.resource });
  const signature = kind === 'resource-drop' ? DROP : TO_REP;
  environment.define('core-func', { sort: 'core-func', ref, signature, is64: false });
}

/** @param lifted Signature of the lifted function, whose results its post-return takes. */
function resolveOptions(
  environment: Environment,
  { encoding, memory, realloc, postReturn }: CanonicalOptions,
  lifted: CoreSignature | undefined,
  at: number,
): CanonOptions {
  const memoryItem = memory === undefined ? undefined : environment.get('core-memory', memory);
  if (memoryItem?.is64 === true) throw unsupported('a memory with 64-bit addresses');
  const reallocItem = realloc === undefined ? undefined : environment.get('core-func', realloc);
  if (reallocItem !== undefined) checkSignature(reallocItem, REALLOC, 'realloc', at);
  const after = postReturn === undefined ? undefined : environment.get('core-func', postReturn);
  if (after !== undefined) {
    const wanted = { parameters: lifted?.results ?? [], results: [] };
    checkSignature(after, wanted, 'post-return', at);
  }
  return {
    encoding,
    memory: memoryItem?.ref,
    realloc: reallocItem?.ref,
    postReturn: after?.ref,
  };
}

function hasPointers({ parameters, result }: FunctionTypeItem): boolean {
  return parameters.hasPointers || result?.hasPointers === true;
}

function checkGiven(
  options: CanonOptions,
  needed: { readonly memory: boolean; readonly realloc: boolean },
  at: number,
): void {
  if (needed.memory && options.memory === undefined) {
    throw malformedAt('the option memory, which the type needs', at);
  }
  if (needed.realloc && options.realloc === undefined) {
    throw malformedAt('the option realloc, which the type needs', at);
  }
}

function checkSignature(
  { signature }: CoreItem,
  wanted: CoreSignature,
  what: string,
  at: number,
): void {
  if (signature !== undefined && sameSignature(signature, wanted)) return;
  const found = signature === undefined ? 'none' : describeSignature(signature);
  throw malformedAt(`${what} to be ${describeSignature(wanted)}, not ${found},`, at);
}
