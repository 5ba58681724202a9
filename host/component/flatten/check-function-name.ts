/**
 * Names of functions that belong to resources: `[method]fields.get` must take a borrowed `fields` first,
 * `[constructor]fields` must give one. Linking relies on it: it calls methods on the first argument.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/Explainer.md#import-and-export-definitions
 */
import { unsupported } from '../decode/unsupported.ts';
import type { FunctionType, ValueType } from '../plan.ts';
import type { TypeItem } from './items.ts';
import { malformedAt } from './malformed-at.ts';

const ANNOTATED = /^\[(?<annotation>[^\]]*)\](?<resource>[^.]+)(?:\.(?<member>.+))?$/;

/**
 * Checks the name of an imported function.
 *
 * @param getType The type that the same instance exports under a name.
 * @param at Offset of the declaration, for errors.
 * @throws {malformed_wasm} If the type is not what the name says.
 * @throws {unsupported_by_native} If the function is asynchronous.
 */
export function checkFunctionName(
  name: string,
  type: FunctionType,
  getType: (name: string) => TypeItem | undefined,
  at: number,
): void {
  if (!name.startsWith('[')) return;
  const { annotation = '', resource = '', member } = ANNOTATED.exec(name)?.groups ?? {};
  if (annotation.startsWith('async')) throw unsupported('asynchronous functions');
  const owner = getType(resource);
  if (owner?.kind !== 'resource') {
    throw malformedAt('the name of a resource type in the name of its function', at);
  }
  const isMember = member !== undefined;
  const first = type.parameters[0];
  const isRight =
    (annotation === 'static' && isMember) ||
    (annotation === 'method' &&
      isMember &&
      first?.name === 'self' &&
      isHandle(first.type, 'borrow', owner.resource)) ||
    (annotation === 'constructor' && !isMember && givesOwn(type.result, owner.resource));
  if (!isRight) throw malformedAt('a function type that its name stands for', at);
}

function givesOwn(type: ValueType | undefined, resource: number): boolean {
  if (type?.kind === 'result') return isHandle(type.ok, 'own', resource);
  return isHandle(type, 'own', resource);
}

function isHandle(type: ValueType | undefined, kind: 'own' | 'borrow', resource: number): boolean {
  return type?.kind === kind && type.resource === resource;
}
