/**
 * Core instances → steps of the plan, or nothing: a group of exports is only a name for what others
 * export, so it disappears. Every import of a module is followed to what will be given for it.
 */
import { escapeName } from '../../wasm/core-names.ts';
import type { NamedIndex } from '../decode/decoded-component.ts';
import type { CoreRef } from '../plan.ts';
import { describeSignature, sameSignature, type CoreImportType } from './core-interface.ts';
import type { CoreModule } from './core-module.ts';
import type { Environment } from './environment.ts';
import type { Flattening } from './flattening.ts';
import type { CoreExternSort, CoreInstance, CoreItem } from './items.ts';
import { malformedAt } from './malformed-at.ts';

/**
 * Adds a step that instantiates a module.
 *
 * @param at Offset of the definition, for errors.
 * @throws {malformed_wasm} If an import is given nothing, or something of another sort or signature.
 */
export function instantiateCore(
  { budget, builder }: Flattening,
  environment: Environment,
  module: CoreModule,
  args: readonly NamedIndex[],
  at: number,
): CoreInstance {
  const instances = new Map(
    args.map(({ name, index }) => [name, environment.get('core-instance', index)]),
  );
  const { interface: facts } = module;
  const { imports } = facts;
  budget.spend('interpreted definitions', imports.length);
  const given = new Map<string, readonly [module: string, field: string, value: CoreRef]>();
  for (const wanted of imports) {
    const item = instances.get(wanted.module)?.(wanted.field);
    if (item === undefined) throw malformedAt(`an argument for ${describe(wanted)}`, at);
    checkFits(wanted, item, at);
    budget.spend('bytes of names in the plan', wanted.module.length + wanted.field.length);
    // A module may import one thing several times, even as different types.
    const key = JSON.stringify([wanted.module, wanted.field]);
    given.set(key, [wanted.module, wanted.field, item.ref]);
  }
  const instance = builder.addInstance(module, [...given.values()]);
  return (name) => {
    const type = facts.getExport(name);
    return type && { ...type, ref: { kind: 'export', instance, name } };
  };
}

/** Makes a core instance of a group of exports. */
export function groupCore(environment: Environment, exports: readonly NamedIndex[]): CoreInstance {
  const items = new Map(
    exports.map(({ name, sort, index }) => [name, environment.get(sort as CoreExternSort, index)]),
  );
  return (name) => items.get(name);
}

function checkFits(wanted: CoreImportType, { sort, signature }: CoreItem, at: number): void {
  if (sort !== wanted.sort) throw malformedAt(`a ${wanted.sort} for ${describe(wanted)}`, at);
  if (wanted.signature === undefined || signature === undefined) return;
  if (sameSignature(wanted.signature, signature)) return;
  const found = describeSignature(signature);
  const expected = describeSignature(wanted.signature);
  throw malformedAt(`${expected} for ${describe(wanted)}, not ${found},`, at);
}

function describe({ module, field }: CoreImportType): string {
  return `the import "${escapeName(module)}" "${escapeName(field)}"`;
}
