/** Goes through every reference to a core definition that a plan holds, and puts another in its place. */
import type { CanonOptions, CoreRef, Plan, PlanStep } from '../plan.ts';

/**
 * Gives what stands in place of a reference.
 *
 * @param position How many instances are made before the reference is followed; Infinity: all.
 * @param user Index of the instance that is given it as an import; undefined for other references.
 */
export type MapCoreRef = (ref: CoreRef, position: number, user?: number) => CoreRef;

/** A plan with every reference replaced. */
export function mapCoreRefs(plan: Plan, map: MapCoreRef): Plan {
  const starts = startPositions(plan.steps);
  const optional = (ref: CoreRef | undefined, position: number): CoreRef | undefined =>
    ref && map(ref, position);
  const mapOptions = (options: CanonOptions, position: number): CanonOptions => ({
    ...options,
    memory: optional(options.memory, position),
    realloc: optional(options.realloc, position),
    postReturn: optional(options.postReturn, position),
    ...(options.callback === undefined ? {} : { callback: map(options.callback, position) }),
  });
  let instances = 0;
  const mapStep = (step: PlanStep): PlanStep => {
    if (step.kind === 'start') return step;
    const user = instances;
    instances += 1;
    return {
      ...step,
      imports: step.imports.map(([module, field, ref]) => [module, field, map(ref, user, user)]),
    };
  };
  return {
    ...plan,
    resources: plan.resources.map((resource) =>
      resource.kind === 'own'
        ? { ...resource, destructor: optional(resource.destructor, Infinity) }
        : resource,
    ),
    lifts: plan.lifts.map((lift, index) => {
      const position = starts.get(index) ?? Infinity;
      const core = map(lift.core, position);
      return { ...lift, core, options: mapOptions(lift.options, position) };
    }),
    trampolines: plan.trampolines.map((trampoline) =>
      'options' in trampoline
        ? { ...trampoline, options: mapOptions(trampoline.options, Infinity) }
        : trampoline,
    ),
    steps: plan.steps.map(mapStep),
  };
}

/** How many instances exist when a lifted function is first called by a start step. */
function startPositions(steps: readonly PlanStep[]): ReadonlyMap<number, number> {
  const positions = new Map<number, number>();
  let instances = 0;
  for (const step of steps) {
    if (step.kind === 'instantiate') instances += 1;
    else if (!positions.has(step.lift)) positions.set(step.lift, instances);
  }
  return positions;
}
