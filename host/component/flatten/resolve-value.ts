/** A value type where one is used → the type itself. */
import type { ValueReference } from '../decode/decoded-component.ts';
import type { Environment } from './environment.ts';
import type { ValueTypeItem } from './items.ts';
import { malformedAt } from './malformed-at.ts';
import { factsOfPrimitive } from './value-facts.ts';

/**
 * Resolves.
 *
 * @param at Offset of the use, for errors.
 * @throws {malformed_wasm} If it is no value type.
 */
export function resolveValue(
  environment: Environment,
  reference: ValueReference,
  at: number,
): ValueTypeItem {
  if (typeof reference === 'string') {
    const facts = factsOfPrimitive(reference);
    return { sort: 'type', kind: 'value', type: { kind: reference }, facts };
  }
  const item = environment.get('type', reference);
  if (item.kind !== 'value') throw malformedAt('a type of values', at);
  return item;
}
