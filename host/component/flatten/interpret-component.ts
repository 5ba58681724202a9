/**
 * Instantiates a component symbolically: goes through its definitions in order as a runtime would, but
 * with items in place of instances. What would happen at run time becomes a step of the plan, in the
 * order it would happen; nested components are interpreted where they are instantiated.
 *
 * This is what wasmtime calls inlining (crates/environ/src/component/translate/inline.rs).
 */
import type { Definition, NamedIndex, SortedIndex } from '../decode/decoded-component.ts';
import { unsupported } from '../decode/unsupported.ts';
import { buildType } from './build-type.ts';
import { checkDestructor, defineCanon } from './canon.ts';
import { Environment } from './environment.ts';
import { importItem, matchItem } from './extern.ts';
import type { Flattening } from './flattening.ts';
import { groupCore, instantiateCore } from './instantiate-core.ts';
import type { ComponentItem, InstanceItem, Item, ModuleItem } from './items.ts';
import { malformedAt } from './malformed-at.ts';
import { defineAlias } from './resolve-alias.ts';

/**
 * Interprets the outermost component: its imports are the host's to give.
 *
 * @returns Its exports.
 */
export function interpretRoot(flattening: Flattening, component: ComponentItem): InstanceItem {
  return new Interpreter(flattening, component, undefined, 0).run();
}

/** One instantiation of one component. */
class Interpreter {
  readonly #flattening: Flattening;
  readonly #component: ComponentItem;
  /** What it is given; undefined for the outermost component, which the host gives what it asks for. */
  readonly #arguments: ReadonlyMap<string, Item> | undefined;
  readonly #depth: number;
  readonly #environment: Environment;
  readonly #exports = new Map<string, Item>();

  constructor(
    flattening: Flattening,
    component: ComponentItem,
    args: ReadonlyMap<string, Item> | undefined,
    depth: number,
  ) {
    this.#flattening = flattening;
    this.#component = component;
    this.#arguments = args;
    this.#depth = depth;
    const { builder } = flattening;
    this.#environment = new Environment(component.environment, () => builder.addComponent());
  }

  run(): InstanceItem {
    const { budget } = this.#flattening;
    budget.spend('component instances');
    budget.check('levels of instantiation', this.#depth);
    for (const definition of this.#component.component.definitions) {
      budget.spend('interpreted definitions');
      this.#define(definition);
    }
    return { sort: 'instance', exports: this.#exports };
  }

  #define(definition: Definition): void {
    const environment = this.#environment;
    const { at } = definition;
    switch (definition.kind) {
      case 'core-module':
        environment.defineItem(this.#moduleOf(definition));
        return;
      case 'core-instantiate': {
        this.#flattening.budget.spend('interpreted definitions', definition.arguments.length);
        const { module } = environment.get('core-module', definition.module);
        const args = definition.arguments;
        const instance = instantiateCore(this.#flattening, environment, module, args, at);
        environment.define('core-instance', instance);
        return;
      }
      case 'core-exports':
        this.#flattening.budget.spend('interpreted definitions', definition.exports.length);
        environment.define('core-instance', groupCore(environment, definition.exports));
        return;
      case 'core-type':
        environment.define('core-type', undefined);
        return;
      case 'component':
        environment.defineItem({ sort: 'component', component: definition.component, environment });
        return;
      case 'instantiate':
        environment.defineItem(this.#instantiate(definition));
        return;
      case 'exports':
        environment.defineItem({ sort: 'instance', exports: this.#collect(definition.exports) });
        return;
      case 'alias':
        defineAlias(environment, definition.sort, definition.target, at);
        return;
      case 'type':
        this.#defineType(definition);
        return;
      case 'canon':
        defineCanon(this.#flattening, environment, definition.canon, at);
        return;
      case 'start':
        this.#start(definition.func, at);
        return;
      case 'import':
        environment.defineItem(this.#import(definition));
        return;
      case 'export':
        this.#export(definition);
        return;
      case 'export-declaration':
        throw malformedAt('a definition of a component', at);
    }
  }

  #moduleOf({ offset, bytes }: Extract<Definition, { kind: 'core-module' }>): ModuleItem {
    return { sort: 'core-module', module: this.#flattening.getModule(offset, bytes) };
  }

  #instantiate(definition: Extract<Definition, { kind: 'instantiate' }>): InstanceItem {
    const component = this.#environment.get('component', definition.component);
    const args = this.#collect(definition.arguments);
    return new Interpreter(this.#flattening, component, args, this.#depth + 1).run();
  }

  #collect(named: readonly NamedIndex[]): Map<string, Item> {
    this.#flattening.budget.spend('interpreted definitions', named.length);
    return new Map(named.map((one) => [one.name, this.#itemOf(one)]));
  }

  #itemOf({ sort, index }: SortedIndex): Item {
    return this.#environment.getItem(sort, index);
  }

  #defineType({ type, at }: Extract<Definition, { kind: 'type' }>): void {
    const environment = this.#environment;
    const { budget, builder } = this.#flattening;
    if (type.kind !== 'resource') {
      environment.define('type', buildType(environment, type, budget, at));
      return;
    }
    const destructor =
      type.destructor === undefined ? undefined : environment.get('core-func', type.destructor);
    if (destructor !== undefined) checkDestructor(destructor, at);
    const resource = builder.addResource({
      kind: 'own',
      component: environment.component,
      destructor: destructor?.ref,
    });
    environment.define('type', { sort: 'type', kind: 'resource', resource });
  }

  #import(definition: Extract<Definition, { kind: 'import' }>): Item {
    const given = this.#arguments;
    if (given === undefined) {
      const made = importItem(this.#flattening, this.#environment, definition);
      this.#flattening.onImport?.(definition.name, made);
      return made;
    }
    const item = given.get(definition.name);
    return matchItem(this.#flattening, this.#environment, definition, item);
  }

  #export(definition: Extract<Definition, { kind: 'export' }>): void {
    const { name, type, at } = definition;
    const item = this.#itemOf(definition.item);
    const shown =
      type === undefined
        ? item
        : matchItem(this.#flattening, this.#environment, { name, type, at }, item);
    this.#environment.defineItem(shown);
    this.#exports.set(name, shown);
  }

  #start(index: number, at: number): void {
    const func = this.#environment.get('func', index);
    const { parameters, result } = func.type.type;
    if (parameters.length > 0 || result !== undefined) {
      throw malformedAt('a start function without parameters and result', at);
    }
    if (func.source.kind === 'imported') throw unsupported('an imported start function');
    this.#flattening.builder.addStart(func);
  }
}
