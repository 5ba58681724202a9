/**
 * Decoded component → plan. The component is instantiated symbolically (`interpret-component.ts`), what
 * would happen is written down in order, and the modules that only wit-component needs are taken out
 * (`drop-shims.ts`).
 */
import type { DecodedComponent } from '../decode/decoded-component.ts';
import { unsupported, unsupportedReason } from '../decode/unsupported.ts';
import type { Plan } from '../plan.ts';
import { CoreModule } from './core-module.ts';
import { dropShims } from './drop-shims.ts';
import { Environment } from './environment.ts';
import { FlattenBudget } from './flatten-budget.ts';
import type { Flattening } from './flattening.ts';
import { interpretRoot } from './interpret-component.ts';
import type { FunctionItem, InstanceItem } from './items.ts';
import { PlanBuilder } from './plan-builder.ts';

/** A plan; or why the native engine cannot run the component, as a noun: `a re-exported import`. */
export type Flattened = { readonly plan: Plan } | { readonly unsupported: string };

/** Imports of a component as far as they are known. */
export interface KnownImports extends Pick<Plan, 'imports' | 'resources'> {
  /** Names of the imports that were looked into; an import that is not among them is unknown. */
  readonly names: ReadonlySet<string>;
}

/**
 * Flattens a component.
 *
 * @param decoded What `decodeComponent` made of `bytes`.
 * @param bytes The component.
 * @throws {malformed_wasm} If its definitions do not fit each other.
 * @throws {wasm_too_complex} If what it would instantiate, or a type written out, passes a limit.
 */
export function flattenComponent(decoded: DecodedComponent, bytes: Uint8Array): Flattened {
  const builder = new PlanBuilder(new FlattenBudget());
  const reason = interpret(decoded, bytes, builder, (exported) => addExports(builder, exported));
  return reason === undefined ? { plan: dropShims(builder.finish()) } : { unsupported: reason };
}

/**
 * Finds what a component imports, also if the native engine cannot run it: of all imports that come before
 * the first definition which that engine does not know, whether anything uses them or not.
 *
 * @param decoded What `decodeKnownPart` made of `bytes`.
 * @throws {malformed_wasm} If its definitions do not fit each other.
 * @throws {wasm_too_complex} If a limit is passed.
 */
export function flattenImports(decoded: DecodedComponent, bytes: Uint8Array): KnownImports {
  const builder = new PlanBuilder(new FlattenBudget());
  const names = new Set<string>();
  interpret(decoded, bytes, builder, undefined, (name, item) => {
    names.add(name);
    const members = item.sort === 'instance' ? item.exports.values() : [item];
    for (const member of members) {
      if (member.sort === 'func' && member.source.kind === 'imported') {
        builder.importOf(member, member.source);
      }
    }
  });
  const { imports, resources } = builder.finish().plan;
  return { names, imports, resources };
}

/**
 * Goes through a component, and collects in the builder what would happen.
 *
 * @returns Why the native engine cannot run it: then it stopped there. Undefined if it can.
 */
function interpret(
  decoded: DecodedComponent,
  bytes: Uint8Array,
  builder: PlanBuilder,
  finish?: (exported: InstanceItem) => void,
  onImport?: Flattening['onImport'],
): string | undefined {
  const modules = new Map<number, CoreModule>();
  const getModule = (offset: number, length: number): CoreModule => {
    const module = modules.get(offset) ?? new CoreModule(bytes, offset, length);
    modules.set(offset, module);
    return module;
  };
  const flattening: Flattening = {
    budget: builder.budget,
    builder,
    getModule,
    ...(onImport === undefined ? {} : { onImport }),
  };
  const environment = new Environment(undefined);
  try {
    const root = { sort: 'component', component: decoded, environment } as const;
    const exported = interpretRoot(flattening, root);
    finish?.(exported);
    return undefined;
  } catch (error) {
    const reason = unsupportedReason(error);
    if (reason === undefined) throw error;
    return reason;
  }
}

/** Exported types, components and modules are nothing that a host calls. */
function addExports(builder: PlanBuilder, { exports }: InstanceItem): void {
  for (const [name, item] of exports) {
    if (item.sort === 'func') addExport(builder, '', name, item);
    if (item.sort !== 'instance') continue;
    for (const [inner, member] of item.exports) {
      if (member.sort === 'instance') throw unsupported('an exported instance within an instance');
      if (member.sort === 'func') addExport(builder, name, inner, member);
    }
  }
}

function addExport(
  builder: PlanBuilder,
  interfaceName: string,
  name: string,
  func: FunctionItem,
): void {
  if (func.source.kind === 'imported') throw unsupported('an import that is exported again');
  builder.addExport(interfaceName, name, func);
}
