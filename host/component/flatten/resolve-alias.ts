/** Aliases → what they name: the export of an instance, or what an enclosing scope defined. */
import { escapeName } from '../../wasm/core-names.ts';
import type { AliasTarget, Sort } from '../decode/decoded-component.ts';
import type { Environment } from './environment.ts';
import { malformedAt } from './malformed-at.ts';

/**
 * Adds what an alias names to the index space of its sort.
 *
 * @param at Offset of the alias, for errors.
 * @throws {malformed_wasm} If the instance has no such export, or one of another sort.
 */
export function defineAlias(
  environment: Environment,
  sort: Sort,
  target: AliasTarget,
  at: number,
): void {
  if (target.kind === 'outer') {
    const outer = environment.ancestor(target.count);
    if (sort === 'core-type') environment.define(sort, undefined);
    else environment.defineItem(outer.getItem(sort, target.index));
    return;
  }
  const { instance, name } = target;
  if (target.kind === 'export') {
    const item = environment.get('instance', instance).exports.get(name);
    if (item?.sort !== sort) throw missingExport(name, sort, at);
    environment.defineItem(item);
    return;
  }
  const item = environment.get('core-instance', instance)(name);
  if (item?.sort !== sort) throw missingExport(name, sort, at);
  environment.define(item.sort, item);
}

function missingExport(name: string, sort: Sort, at: number): Error {
  return malformedAt(`an instance that exports "${escapeName(name)}" of sort ${sort}`, at);
}
