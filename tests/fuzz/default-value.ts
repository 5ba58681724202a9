/** The plainest value of a WIT type: zeros, empty, first cases. */
import type { ValueType } from '../../host/component/plan.ts';
import { casesOf, fieldsOf } from '../conformance/reference-layout.ts';
import { composeCase, composeParts } from '../conformance/value-parts.ts';

/**
 * Makes one.
 *
 * @param makeResource Gives what stands for a handle, or throws if there is nothing.
 */
export function defaultValue(type: ValueType, makeResource: (resource: number) => unknown): unknown {
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
  switch (type.kind) {
    case 'bool':
      return true;
    case 's64':
    case 'u64':
      return 0n;
    case 'char':
      return 'c';
    case 'string':
      return 'text';
    case 'list':
      return [defaultValue(type.element, makeResource)];
    case 'flags':
      return composeParts(
        type,
        type.names.map(() => true),
      );
    case 'own':
    case 'borrow':
      return makeResource(type.resource);
    default:
      return 0;
  }
}
