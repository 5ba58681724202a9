/** Emits `resource.new`, `resource.rep` and `resource.drop`. */
import type { Trampoline } from '../plan.ts';
import type { Emission, Scope } from './emission.ts';
import { guarded } from './emit-lower.ts';

/** What concerns a resource type. */
export type ResourceTrampoline = Extract<
  Trampoline,
  { kind: 'resource-new' | 'resource-rep' | 'resource-drop' }
>;

/**
 * Emits one.
 *
 * @param index Number among the trampolines.
 * @param scope Of the component that calls it.
 */
export function emitResource(
  emission: Emission,
  index: number,
  { kind, resource }: ResourceTrampoline,
  { state, component }: Pick<Scope, 'state' | 'component'>,
): string {
  if (kind === 'resource-rep') {
    return guarded(index, 'a0', `return ${state}.get(a0,${resource})`);
  }
  if (kind === 'resource-new') {
    return guarded(index, 'a0', `${state}.leave();return ${state}.add(${resource},a0)`);
  }
  const definer = emission.definerOf(resource);
  const dropped = `${state}.dropped`;
  if (definer === undefined) {
    const dispose = `const v=${dropped};${state}.dropped=undefined;v[dispose]?.()`;
    return guarded(index, 'a0', `${state}.leave();if(${state}.drop(a0,${resource})){${dispose}}`);
  }
  const destroy = `z.destroy(${resource},${dropped})`;
  // Another component's destructor is a call of that component.
  const call =
    definer === component ? destroy : `s${definer}.enter();${destroy};s${definer}.exit()`;
  return guarded(index, 'a0', `${state}.leave();if(${state}.drop(a0,${resource})){${call}}`);
}
