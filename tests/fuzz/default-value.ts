/** The plainest value of a WIT type: zeros, empty, first cases. */
import type { ValueType } from '../../host/component/plan.ts';
import { casesOf, fieldsOf } from '../conformance/reference-layout.ts';
import { composeCase, composeParts } from '../conformance/value-parts.ts';

/** Of types without parts; of the others it is 0. */
const PLAIN: Readonly<Record<string, unknown>> = {
  bool: true,
  s64: 0n,
  u64: 0n,
  char: 'c',
  string: 'text',
};

/**
 * Makes one.
 *
 * @param makeResource Gives what stands for a handle, or throws if there is nothing.
 */
export function defaultValue(
  type: ValueType,
  makeResource: (resource: number) => unknown,
): unknown {
  const fields = fieldsOf(type);
  if (fields !== undefined) {
    return composeParts(
      type,
      fields.map((field) => defaultValue(field, makeResource)),
    );
  }
  const cases = casesOf(type);
  if (cases !== undefined) {
    const [payload] = cases;
    return composeCase(
      type,
      0,
      payload === undefined ? undefined : defaultValue(payload, makeResource),
    );
  }
  if (type.kind === 'list') return [defaultValue(type.element, makeResource)];
  if (type.kind === 'own' || type.kind === 'borrow') return makeResource(type.resource);
  if (type.kind === 'flags') {
    return composeParts(
      type,
      type.names.map(() => true),
    );
  }
  return PLAIN[type.kind] ?? 0;
}
