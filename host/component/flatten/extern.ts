/**
 * What an import gets, and what an export must be. An import of the outermost component makes something
 * new that the host will give (a function to lower, a resource type); any other is given by whoever
 * instantiates the component and must match the type that is written there.
 *
 * Types of components and core modules are not compared: what is in them is checked where it is used.
 */
import { escapeName } from '../../wasm/core-names.ts';
import type { Definition, ExternType } from '../decode/decoded-component.ts';
import { unsupported } from '../decode/unsupported.ts';
import { buildType } from './build-type.ts';
import { checkFunctionName } from './check-function-name.ts';
import { Environment } from './environment.ts';
import type { FlattenBudget } from './flatten-budget.ts';
import type { Flattening } from './flattening.ts';
import type { InstanceItem, Item, ScopeTypeItem, TypeItem } from './items.ts';
import { malformedAt } from './malformed-at.ts';
import { defineAlias } from './resolve-alias.ts';

/** An import, or an export with its type. */
export interface Extern {
  readonly name: string;
  readonly type: ExternType;
  readonly at: number;
}

/** Gives what an instance type promises under a name. */
type Supply = (environment: Environment, promised: Extern) => Item;

/**
 * Makes what the host will give for an import of the outermost component.
 *
 * @throws {unsupported_by_native} If it is what no host interface can be: a component, a core module, an
 * instance within an instance.
 */
export function importItem(flattening: Flattening, environment: Environment, one: Extern): Item {
  const { name, type, at } = one;
  if (type.kind !== 'instance') return makeHostItem(flattening, environment, one, '');
  const instance = instanceTypeOf(environment, type.type, at);
  const types = new Map<string, TypeItem>();
  return lookInto(flattening, instance, (inner, promised) => {
    const item = makeHostItem(flattening, inner, promised, name);
    if (item.sort === 'type') types.set(promised.name, item);
    if (item.sort === 'func') {
      checkFunctionName(promised.name, item.type.type, (wanted) => types.get(wanted), promised.at);
    }
    return item;
  });
}

/**
 * Checks that an item is what a type promises.
 *
 * @returns The item; of an instance only what is promised.
 * @throws {malformed_wasm} If it is not.
 */
export function matchItem(
  flattening: Flattening,
  environment: Environment,
  one: Extern,
  item: Item | undefined,
): Item {
  const { name, type, at } = one;
  const mismatch = (): Error => malformedAt(`"${escapeName(name)}" to be ${nounOf(type)}`, at);
  switch (type.kind) {
    case 'func': {
      if (item?.sort !== 'func') throw mismatch();
      const wanted = environment.get('type', type.type);
      if (!isSameType(wanted, item.type, flattening.budget)) throw mismatch();
      return item;
    }
    case 'type-equal': {
      if (item?.sort !== 'type') throw mismatch();
      const wanted = environment.get('type', type.type);
      if (!isSameType(wanted, item, flattening.budget)) throw mismatch();
      return item;
    }
    case 'type-resource':
      if (item?.sort !== 'type' || item.kind !== 'resource') throw mismatch();
      return item;
    case 'instance': {
      if (item?.sort !== 'instance') throw mismatch();
      const promise = instanceTypeOf(environment, type.type, at);
      return lookInto(flattening, promise, (inner, promised) =>
        matchItem(flattening, inner, promised, item.exports.get(promised.name)),
      );
    }
    case 'component':
    case 'core-module':
      if (item?.sort !== type.kind) throw mismatch();
      return item;
  }
}

function makeHostItem(
  { builder }: Flattening,
  environment: Environment,
  { name, type, at }: Extern,
  interfaceName: string,
): Item {
  switch (type.kind) {
    case 'func': {
      const found = environment.get('type', type.type);
      if (found.kind !== 'func') throw malformedAt('the type of a function', at);
      const source = { kind: 'imported', interface: interfaceName, name } as const;
      return { sort: 'func', type: found, source };
    }
    case 'type-equal':
      return environment.get('type', type.type);
    case 'type-resource': {
      const resource = { kind: 'imported', interface: interfaceName, name } as const;
      return { sort: 'type', kind: 'resource', resource: builder.addResource(resource) };
    }
    case 'instance':
      throw unsupported('an imported instance within an instance');
    case 'component':
      throw unsupported('an imported component');
    case 'core-module':
      throw unsupported('an imported core module');
  }
}

/** Goes through the declarations of an instance type, asking for what it promises. */
function lookInto(
  { budget }: Flattening,
  { declarations, environment }: ScopeTypeItem,
  supply: Supply,
): InstanceItem {
  const inner = new Environment(environment);
  const exports = new Map<string, Item>();
  for (const declaration of declarations) {
    budget.spend('interpreted definitions');
    defineDeclaration(inner, declaration, budget, (promised) => {
      const item = supply(inner, promised);
      inner.defineItem(item);
      exports.set(promised.name, item);
    });
  }
  return { sort: 'instance', exports };
}

function defineDeclaration(
  environment: Environment,
  declaration: Definition,
  budget: FlattenBudget,
  promise: (promised: Extern) => void,
): void {
  const { at } = declaration;
  if (declaration.kind === 'core-type') {
    environment.define('core-type', undefined);
  } else if (declaration.kind === 'type') {
    const { type } = declaration;
    if (type.kind === 'resource') throw malformedAt('a type that may be declared', at);
    environment.define('type', buildType(environment, type, budget, at));
  } else if (declaration.kind === 'alias') {
    defineAlias(environment, declaration.sort, declaration.target, at);
  } else if (declaration.kind === 'export-declaration') {
    promise(declaration);
  } else {
    throw malformedAt('a declaration of an instance type', at);
  }
}

function instanceTypeOf(environment: Environment, index: number, at: number): ScopeTypeItem {
  const type = environment.get('type', index);
  if (type.kind !== 'instance-type') throw malformedAt('the type of an instance', at);
  return type;
}

/** Equal types were built by the same code from equal definitions: their JSON is equal, and bounded. */
function isSameType(wanted: TypeItem, given: TypeItem, budget: FlattenBudget): boolean {
  if (wanted === given) return true;
  if (wanted.kind === 'resource' && given.kind === 'resource') {
    return wanted.resource === given.resource;
  }
  if (wanted.kind === 'value' && given.kind === 'value') {
    return wanted.type === given.type || isSameJson(wanted, given, wanted.facts.planBytes, budget);
  }
  if (wanted.kind === 'func' && given.kind === 'func') {
    return isSameJson(wanted, given, wanted.planBytes, budget);
  }
  return wanted.kind === given.kind;
}

function isSameJson(
  wanted: { readonly type: unknown },
  given: { readonly type: unknown },
  bytes: number,
  budget: FlattenBudget,
): boolean {
  budget.spend('bytes of compared types', bytes);
  return JSON.stringify(wanted.type) === JSON.stringify(given.type);
}

function nounOf({ kind }: ExternType): string {
  const nouns: Record<ExternType['kind'], string> = {
    func: 'a function of the type that is written here',
    'type-equal': 'the type that is written here',
    'type-resource': 'a resource type',
    instance: 'an instance',
    component: 'a component',
    'core-module': 'a core module',
  };
  return nouns[kind];
}
