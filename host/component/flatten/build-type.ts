/**
 * Type definitions → types of the plan, with their facts. A type that is used twice is one object twice:
 * hostile types double with every level (a tuple of two tuples of two …), so what a type takes when it is
 * written out is counted before anything writes it out.
 */
import type {
  FunctionDefinition,
  TypeDefinition,
  ValueDefinition,
  ValueReference,
} from '../decode/decoded-component.ts';
import type { NamedType, PrimitiveKind, ValueType } from '../plan.ts';
import type { Environment } from './environment.ts';
import type { FlattenBudget } from './flatten-budget.ts';
import type { FunctionTypeItem, TypeItem, ValueFacts, ValueTypeItem } from './items.ts';
import { malformedAt } from './malformed-at.ts';
import {
  factsOfEnd,
  factsOfHandle,
  factsOfList,
  factsOfNames,
  factsOfPrimitive,
  factsOfProduct,
  factsOfSum,
} from './value-facts.ts';

/** Any type but a resource, which a component instance makes. */
export type BuildableDefinition = Exclude<TypeDefinition, { readonly kind: 'resource' }>;

/**
 * Builds a type.
 *
 * @param environment Where it is defined.
 * @param at Offset of the definition, for errors.
 * @throws {malformed_wasm} If its parts are not of the kinds they must be.
 * @throws {wasm_too_complex} If it is too large when written out, or too deep.
 */
export function buildType(
  environment: Environment,
  definition: BuildableDefinition,
  budget: FlattenBudget,
  at: number,
): TypeItem {
  const builder = new TypeBuilder(environment, budget, at);
  if (definition.kind === 'func') return builder.buildFunction(definition);
  if ('declarations' in definition) {
    const { kind, declarations } = definition;
    return { sort: 'type', kind, declarations, environment };
  }
  return builder.buildValue(definition);
}

/** Builds the types of one definition. */
class TypeBuilder {
  readonly #environment: Environment;
  readonly #budget: FlattenBudget;
  readonly #at: number;

  constructor(environment: Environment, budget: FlattenBudget, at: number) {
    this.#environment = environment;
    this.#budget = budget;
    this.#at = at;
  }

  buildFunction({ isAsync, parameters, result }: FunctionDefinition): FunctionTypeItem {
    this.#budget.spend('interpreted definitions', parameters.length);
    const types = parameters.map(({ type }) => this.#resolve(type));
    const names = parameters.map(({ name }) => name);
    const facts = factsOfProduct(factsOf(types), names);
    const resultItem = result === undefined ? undefined : this.#resolve(result);
    if (resultItem?.facts.hasBorrows === true) {
      throw malformedAt('a result without borrowed handles', this.#at);
    }
    const planBytes = facts.planBytes + (resultItem?.facts.planBytes ?? 0);
    this.#budget.check('bytes in one type, written out', planBytes);
    return {
      sort: 'type',
      kind: 'func',
      type: {
        parameters: nameTypes(names, types),
        result: resultItem?.type,
        ...(isAsync ? { isAsync } : {}),
      },
      parameters: facts,
      result: resultItem?.facts,
      planBytes,
    };
  }

  buildValue(definition: ValueDefinition): ValueTypeItem {
    this.#budget.spend('interpreted definitions', countParts(definition));
    const item = this.#buildValue(definition);
    this.#budget.check('bytes in one type, written out', item.facts.planBytes);
    this.#budget.check('levels in one type', item.facts.depth);
    return item;
  }

  #buildValue(definition: ValueDefinition): ValueTypeItem {
    switch (definition.kind) {
      case 'primitive':
        return primitive(definition.primitive);
      case 'list': {
        const { type: element, facts } = this.#resolve(definition.element);
        return valueItem({ kind: 'list', element }, factsOfList(facts));
      }
      case 'record': {
        const types = definition.fields.map(({ type }) => this.#resolve(type));
        const names = definition.fields.map(({ name }) => name);
        const fields = nameTypes(names, types);
        return valueItem({ kind: 'record', fields }, factsOfProduct(factsOf(types), names));
      }
      case 'tuple': {
        const types = definition.items.map((type) => this.#resolve(type));
        const items = types.map(({ type }) => type);
        return valueItem({ kind: 'tuple', items }, factsOfProduct(factsOf(types)));
      }
      case 'variant': {
        const types = definition.cases.map(({ type }) => this.#resolveOptional(type));
        const names = definition.cases.map(({ name }) => name);
        const cases = names.map((name, index) => ({ name, type: types[index]?.type }));
        const facts = types.map((type) => type?.facts);
        return valueItem({ kind: 'variant', cases }, factsOfSum(facts, names));
      }
      case 'enum':
      case 'flags': {
        const { kind, names } = definition;
        return valueItem({ kind, names }, factsOfNames(names));
      }
      case 'option': {
        const { type: some, facts } = this.#resolve(definition.some);
        return valueItem({ kind: 'option', some }, factsOfSum([facts]));
      }
      case 'result': {
        const ok = this.#resolveOptional(definition.ok);
        const err = this.#resolveOptional(definition.err);
        const type: ValueType = { kind: 'result', ok: ok?.type, err: err?.type };
        return valueItem(type, factsOfSum([ok?.facts, err?.facts]));
      }
      case 'own':
      case 'borrow': {
        const target = this.#environment.get('type', definition.resource);
        if (target.kind !== 'resource') throw malformedAt('a handle of a resource type', this.#at);
        const { kind } = definition;
        return valueItem({ kind, resource: target.resource }, factsOfHandle(kind === 'borrow'));
      }
      case 'stream':
      case 'future': {
        const { kind } = definition;
        const payload = this.#resolveOptional(definition.payload);
        if (payload?.facts.hasBorrows === true) {
          throw malformedAt('a stream or future without borrowed handles', this.#at);
        }
        return valueItem({ kind, payload: payload?.type }, factsOfEnd(payload?.facts));
      }
    }
  }

  #resolveOptional(reference: ValueReference | undefined): ValueTypeItem | undefined {
    return reference === undefined ? undefined : this.#resolve(reference);
  }

  #resolve(reference: ValueReference): ValueTypeItem {
    if (typeof reference === 'string') return primitive(reference);
    const item = this.#environment.get('type', reference);
    if (item.kind !== 'value') throw malformedAt('types of values', this.#at);
    return item;
  }
}

function countParts(definition: ValueDefinition): number {
  if ('fields' in definition) return definition.fields.length;
  if ('cases' in definition) return definition.cases.length;
  if ('items' in definition) return definition.items.length;
  return 'names' in definition ? definition.names.length : 1;
}

function primitive(kind: PrimitiveKind): ValueTypeItem {
  return valueItem({ kind }, factsOfPrimitive(kind));
}

function valueItem(type: ValueType, facts: ValueFacts): ValueTypeItem {
  return { sort: 'type', kind: 'value', type, facts };
}

function factsOf(items: readonly ValueTypeItem[]): ValueFacts[] {
  return items.map(({ facts }) => facts);
}

function nameTypes(names: readonly string[], types: readonly ValueTypeItem[]): NamedType[] {
  return types.map(({ type }, index) => ({ name: names[index] ?? '', type }));
}
