/** What `t.throws` and `t.rejects` compare an error value of a guest's with. */

/** @param payload The WIT value, or a part of it. */
export function witError(payload: unknown): { readonly name: string; readonly payload: unknown } {
  return { name: 'WitError', payload };
}
