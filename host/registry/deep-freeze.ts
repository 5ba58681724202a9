/** Makes plain data immutable in depth, so that what many hold at once cannot be changed by one. */

/** Freezes an object and all that it holds; gives it back. Cycles end at what is frozen already. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const member of Object.values(value)) deepFreeze(member);
  return value;
}
