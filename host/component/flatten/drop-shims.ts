/**
 * Takes the shim and fixup modules of wit-component out of a plan.
 *
 * Why they are there: a core module can only be instantiated when its imports exist, `canon lower` needs
 * the memory of that very module, and so wit-component gives it functions of a shim that call through a
 * table, and fills the table when everything exists. A JavaScript host reads the memory when a function
 * is called, not when it is made, so it can give the functions themselves.
 *
 * Every use of shim function k becomes what the fixup puts into slot k, if that is
 * - a trampoline: the host makes those before any instance, or
 * - an export of an instance that exists when the use is instantiated. References in options, lifted
 *   functions and destructors are followed when they are used; all instances exist then, and code that
 *   is called before (from a start function) finds nothing there and traps, as the empty table would.
 *
 * Otherwise the use stays as it is, and so do shim and fixup. The adapter of WASI preview1 is such a case:
 * the main module imports its functions, and it imports the main module's memory. The host could bridge
 * that with a function of its own, but then a JavaScript frame would stand between main module and
 * adapter, and nothing below it could suspend (JSPI). Through the table wasm calls wasm.
 */
import type { CoreRef, Plan, PlanStep } from '../plan.ts';
import { sameSignature } from './core-interface.ts';
import type { CoreModule } from './core-module.ts';
import { mapCoreRefs } from './map-core-refs.ts';
import type { RawPlan } from './plan-builder.ts';
import type { Shim } from './shim.ts';

type Instantiation = Extract<PlanStep, { kind: 'instantiate' }>;

/** What an instance's exports are used for. */
interface Use {
  readonly name: string;
  /** The instance that imports it; undefined if it is used otherwise. */
  readonly user: number | undefined;
}

/** A shim's instance, and what may be used in place of its functions. */
interface BoundShim {
  readonly fixup: number;
  /** What an exported function leads to; undefined if that is not sure. */
  readonly getTarget: (name: string) => CoreRef | undefined;
}

/** Shims that lead to shims are followed this far. */
const MAX_HOPS = 8;

/** Takes shims out, where they are not needed. */
export function dropShims({ plan, modules }: RawPlan): Plan {
  const instances = plan.steps.filter((step) => step.kind === 'instantiate');
  const uses = findUses(plan);
  const shims = new Map<number, BoundShim>();
  for (const [index, { module }] of instances.entries()) {
    const shim = modules[module]?.shim;
    const bound = shim && bindShim(shim, uses.get(index) ?? [], instances, modules);
    if (bound !== undefined) shims.set(index, bound);
  }
  const bound = mapCoreRefs(plan, (ref, position) => bind(ref, position, shims));
  const usesLeft = findUses(bound);
  const dropped = new Set<number>();
  for (const [instance, { fixup }] of shims) {
    if (usesLeft.get(instance)?.some(({ user }) => user !== fixup) === true) continue;
    dropped.add(instance);
    dropped.add(fixup);
  }
  return removeInstances(bound, dropped);
}

/** Pairs a shim with its fixup: the one user of its table. */
function bindShim(
  shim: Shim,
  uses: readonly Use[],
  instances: readonly Instantiation[],
  modules: readonly CoreModule[],
): BoundShim | undefined {
  const [tableUse, ...others] = uses.filter(({ name }) => name === shim.table);
  const user = tableUse?.user;
  const step = user === undefined ? undefined : instances[user];
  const fixup = step && modules[step.module]?.fixup;
  if (user === undefined || step === undefined || fixup === undefined || others.length > 0) {
    return undefined;
  }
  // A segment that goes beyond the table traps at run time; let it.
  if (fixup.end > shim.slots) return undefined;

  const given = new Map(step.imports.map(([from, field, ref]) => [keyOf(from, field), ref]));
  const getTarget = (name: string): CoreRef | undefined => {
    const called = shim.functions.get(name);
    const filled = called && fixup.slots.get(called.slot);
    if (called === undefined || filled?.signature === undefined) return undefined;
    // Calling through a table as another type traps at run time; let it.
    if (!sameSignature(filled.signature, called.signature)) return undefined;
    return given.get(keyOf(filled.module, filled.field));
  };
  return { fixup: user, getTarget };
}

/** What a reference becomes where `position` instances were made before. */
function bind(ref: CoreRef, position: number, shims: ReadonlyMap<number, BoundShim>): CoreRef {
  let target = ref;
  for (let hops = 0; hops <= MAX_HOPS; hops += 1) {
    if (target.kind === 'trampoline') return target;
    const next = shims.get(target.instance)?.getTarget(target.name);
    if (next === undefined) return target.instance < position ? target : ref;
    target = next;
  }
  return ref;
}

/** Everything that is used of each instance. */
function findUses(plan: Plan): Map<number, Use[]> {
  const uses = new Map<number, Use[]>();
  mapCoreRefs(plan, (ref, _position, user) => {
    if (ref.kind === 'export') {
      const known = uses.get(ref.instance) ?? [];
      known.push({ name: ref.name, user });
      uses.set(ref.instance, known);
    }
    return ref;
  });
  return uses;
}

function keyOf(module: string, field: string): string {
  return `${module.length}:${module}${field}`;
}

/** Takes instances out, with the modules that nothing instantiates any more, and numbers the rest anew. */
function removeInstances(plan: Plan, dropped: ReadonlySet<number>): Plan {
  const numbers: number[] = [];
  const modules = new Map<number, number>();
  const steps: PlanStep[] = [];
  let kept = 0;
  for (const step of plan.steps) {
    if (step.kind === 'start') {
      steps.push(step);
      continue;
    }
    numbers.push(kept);
    if (dropped.has(numbers.length - 1)) continue;
    kept += 1;
    const module = modules.get(step.module) ?? modules.size;
    modules.set(step.module, module);
    steps.push({ ...step, module });
  }
  const renumbered = mapCoreRefs({ ...plan, steps }, (ref) =>
    ref.kind === 'export' ? { ...ref, instance: numbers[ref.instance] ?? 0 } : ref,
  );
  return {
    ...renumbered,
    modules: [...modules.keys()].flatMap((index) => plan.modules[index] ?? []),
  };
}
