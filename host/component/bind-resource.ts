/**
 * Binds a resource class to one guest, for engines whose generated code calls `new Fields()` and
 * `Fields.fromList(…)` with WIT parameters only: the guest is put in front.
 *
 * The prototype stays the same, so `instanceof` holds for resources of either form.
 */
import type { ResourceClass } from './host-interface.ts';

/**
 * Gives the class as one guest's code may use it. Costs one proxy; bind only what is `constructible`.
 *
 * @param resource Its constructor and static functions take the guest first.
 */
export function bindResource(resource: ResourceClass, guest: object): ResourceClass {
  return new Proxy(resource, {
    construct: (target, parameters: unknown[]) =>
      Reflect.construct(target, [guest, ...parameters]) as object,
    get: (target, key) => {
      const member: unknown = Reflect.get(target, key);
      if (typeof member !== 'function' || !Object.hasOwn(target, key)) return member;
      return (...parameters: unknown[]): unknown =>
        Reflect.apply(member, target, [guest, ...parameters]);
    },
  });
}
