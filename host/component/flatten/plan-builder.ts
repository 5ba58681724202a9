/**
 * Collects the plan while a component is flattened. Imports and lifted functions get a place in it when
 * something first uses them: code is generated for each, and compositions leave many unused.
 */
import type {
  CanonOptions,
  CoreRef,
  ExportedFunction,
  ImportedFunction,
  Lift,
  Plan,
  PlanStep,
  ResourceType,
  Trampoline,
} from '../plan.ts';
import type { CoreModule } from './core-module.ts';
import type { FlattenBudget } from './flatten-budget.ts';
import type { FunctionItem } from './items.ts';

/** A plan that may still hold shims, with the modules that its steps name. */
export interface RawPlan {
  readonly plan: Plan;
  /** The modules of `plan.modules`. */
  readonly modules: readonly CoreModule[];
}

/** Collects a plan. */
export class PlanBuilder {
  /** What counts all that is collected. */
  readonly budget: FlattenBudget;
  readonly #modules = new Map<CoreModule, number>();
  readonly #importIndices = new Map<FunctionItem, number>();
  readonly #liftIndices = new Map<FunctionItem, number>();
  readonly #trampolineIndices = new Map<string, number>();
  readonly #imports: ImportedFunction[] = [];
  readonly #resources: ResourceType[] = [];
  readonly #lifts: Lift[] = [];
  readonly #trampolines: Trampoline[] = [];
  readonly #steps: PlanStep[] = [];
  readonly #exports: ExportedFunction[] = [];
  #components = 0;
  #instances = 0;

  constructor(budget: FlattenBudget) {
    this.budget = budget;
  }

  /** Makes a component instance. @returns Its index. */
  addComponent(): number {
    this.#components += 1;
    return this.#components - 1;
  }

  /** Makes a resource type. @returns Its index. */
  addResource(resource: ResourceType): number {
    if (resource.kind === 'imported') {
      const bytes = resource.interface.length + resource.name.length;
      this.budget.spend('bytes of names in the plan', bytes);
    } else {
      this.#countNames(resource.destructor);
    }
    return this.#resources.push(resource) - 1;
  }

  /** A resource type. */
  getResource(index: number): ResourceType | undefined {
    return this.#resources[index];
  }

  /** Adds the instantiation of a module. @returns The index of the instance. */
  addInstance(
    module: CoreModule,
    imports: readonly (readonly [module: string, field: string, value: CoreRef])[],
  ): number {
    this.budget.spend('core instances');
    for (const [, , ref] of imports) this.#countNames(ref);
    const index = this.#modules.get(module) ?? this.#modules.size;
    this.#modules.set(module, index);
    this.#steps.push({ kind: 'instantiate', module: index, imports });
    this.#instances += 1;
    return this.#instances - 1;
  }

  /** Adds the call of a lifted function. */
  addStart(func: FunctionItem): void {
    this.#steps.push({ kind: 'start', lift: this.liftOf(func) });
  }

  /** Adds a core function that the host makes; one that is the same as another is that other. */
  addTrampoline(trampoline: Trampoline): CoreRef {
    this.budget.spend('canonical functions');
    if ('options' in trampoline) this.#countOptions(trampoline.options);
    const key = JSON.stringify(trampoline);
    const index = this.#trampolineIndices.get(key) ?? this.#trampolines.push(trampoline) - 1;
    this.#trampolineIndices.set(key, index);
    return { kind: 'trampoline', index };
  }

  /** Adds an exported function. */
  addExport(interfaceName: string, name: string, func: FunctionItem): void {
    this.budget.spend('bytes of names in the plan', interfaceName.length + name.length);
    this.#exports.push({ interface: interfaceName, name, lift: this.liftOf(func) });
  }

  /** Index of an imported function. */
  importOf(func: FunctionItem, source: { interface: string; name: string }): number {
    const known = this.#importIndices.get(func);
    if (known !== undefined) return known;
    this.#countFunction(func);
    const { interface: from, name } = source;
    this.budget.spend('bytes of names in the plan', from.length + name.length);
    const index = this.#imports.push({ interface: from, name, type: func.type.type }) - 1;
    this.#importIndices.set(func, index);
    return index;
  }

  /** Index of a lifted function. */
  liftOf(func: FunctionItem): number {
    const known = this.#liftIndices.get(func);
    if (known !== undefined) return known;
    if (func.source.kind !== 'lifted') throw new TypeError('Not a lifted function');
    this.#countFunction(func);
    const { component, core, options } = func.source;
    this.#countNames(core.ref);
    this.#countOptions(options);
    const index =
      this.#lifts.push({ component, core: core.ref, type: func.type.type, options }) - 1;
    this.#liftIndices.set(func, index);
    return index;
  }

  /** The plan as it is. */
  finish(): RawPlan {
    const modules = [...this.#modules.keys()];
    return {
      modules,
      plan: {
        modules: modules.map(({ offset, bytes }) => ({ offset, bytes: bytes.length })),
        imports: this.#imports,
        resources: this.#resources,
        lifts: this.#lifts,
        trampolines: this.#trampolines,
        steps: this.#steps,
        exports: this.#exports,
        components: this.#components,
      },
    };
  }

  /** A name is written out wherever it is used, however long it is. */
  #countNames(ref: CoreRef | undefined): void {
    if (ref?.kind === 'export') this.budget.spend('bytes of names in the plan', ref.name.length);
  }

  #countOptions({ memory, realloc, postReturn, callback }: CanonOptions): void {
    for (const ref of [memory, realloc, postReturn, callback]) this.#countNames(ref);
  }

  #countFunction(func: FunctionItem): void {
    this.budget.spend('canonical functions');
    this.budget.spend('bytes of function types in the plan', func.type.planBytes);
  }
}
