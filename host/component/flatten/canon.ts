/**
 * Canonical functions → lifted functions and trampolines, with everything checked that generated code
 * relies on: core functions have the flattened signature of their type, and memory and `realloc` are
 * given wherever a string, a list or too many values must pass.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md
 */
import type { CanonDefinition, CanonicalOptions } from '../decode/decoded-component.ts';
import { unsupported } from '../decode/unsupported.ts';
import { defineAsyncBuiltin } from './async-canon.ts';
import { checkGiven, checkSignature, resolveOptions } from './canon-options.ts';
import type { CoreSignature } from './core-interface.ts';
import type { Environment } from './environment.ts';
import type { Flattening } from './flattening.ts';
import type { CoreItem, FunctionItem, FunctionTypeItem } from './items.ts';
import { malformedAt } from './malformed-at.ts';
import {
  asyncLiftSignature,
  asyncLowerSignature,
  liftSignature,
  lowerSignature,
  spills,
  spillsAsync,
} from './value-facts.ts';

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
  if (canon.kind === 'lift') lift(environment, canon, at);
  else if (canon.kind === 'lower') lower(flattening, environment, canon, at);
  else if (isResourceCanon(canon)) defineResourceFunction(flattening, environment, canon, at);
  else defineAsyncBuiltin(flattening, environment, canon, at);
}

type ResourceCanon = Extract<CanonDefinition, { kind: `resource-${string}` }>;

function isResourceCanon(canon: CanonDefinition): canon is ResourceCanon {
  return canon.kind.startsWith('resource-');
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
  if (canon.options.isAsync && canon.options.callback === undefined) {
    throw unsupported('asynchronous functions without a callback');
  }
  const { isAsync } = canon.options;
  checkAsync(canon.options, type, at);
  const signature = isAsync ? asyncLiftSignature(type) : liftSignature(type);
  checkSignature(core, signature, 'the lifted function', at);
  const options = resolveOptions(environment, canon.options, signature, at);
  const spilled = isAsync ? { ...spills(type), result: false } : spills(type);
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
  const { isAsync } = canon.options;
  checkAsync(canon.options, func.type, at);
  const options = resolveOptions(environment, canon.options, undefined, at);
  const spilled = isAsync ? spillsAsync(func.type) : spills(func.type);
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
  if (source.kind === 'lifted') checkComposed(func, isAsync);
  const ref = builder.addTrampoline(
    source.kind === 'imported'
      ? { kind: 'lower', component, import: builder.importOf(func, source), options }
      : { kind: 'adapter', component, lift: builder.liftOf(func), options },
  );
  const signature = isAsync ? asyncLowerSignature(func.type) : lowerSignature(func.type);
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

/** The option `async` goes with functions of that type, and a lifted one is offered with a callback only. */
function checkAsync(
  { isAsync, callback, postReturn }: CanonicalOptions,
  { type }: FunctionTypeItem,
  at: number,
): void {
  if (!isAsync) {
    if (callback !== undefined) throw malformedAt('a callback only with the option async', at);
    return;
  }
  if (type.isAsync !== true) throw malformedAt('the option async only for an async function', at);
  if (postReturn !== undefined) throw malformedAt('no post-return with the option async', at);
}

/** Refuses what adapters between the components of a composition do not do. */
function checkComposed({ type, source }: FunctionItem, isAsync: boolean): void {
  const hasEnds = type.parameters.hasEnds || type.result?.hasEnds === true;
  const isLiftedAsync = source.kind === 'lifted' && source.options.isAsync === true;
  if (isAsync || isLiftedAsync || hasEnds) {
    throw unsupported('asynchronous functions between components of one composition');
  }
}

function hasPointers({ parameters, result }: FunctionTypeItem): boolean {
  return parameters.hasPointers || result?.hasPointers === true;
}
