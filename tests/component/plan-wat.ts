/** WAT → plan, for tests; and the shorthands in which they say what they expect of one. */
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { planComponent } from '../../host/component/plan-component.ts';
import type { CanonOptions, CoreRef, Plan } from '../../host/component/plan.ts';

/** Options as they are when none is written. */
export const NO_OPTIONS: CanonOptions = {
  encoding: 'utf8',
  memory: undefined,
  realloc: undefined,
  postReturn: undefined,
};

/** Plans a component. @throws {Error} If the native engine cannot run it; with the reason. */
export async function planWat(text: string): Promise<Plan> {
  return planBytes(await parse(text));
}

/** Plans a component. @throws {Error} If the native engine cannot run it; with the reason. */
export function planBytes(bytes: Uint8Array): Plan {
  const flattened = planComponent(bytes);
  if ('unsupported' in flattened) throw new Error(`Unsupported: ${flattened.unsupported}`);
  return flattened.plan;
}

/** Why the native engine cannot run a component; undefined if it can. */
export async function reasonAgainst(text: string): Promise<string | undefined> {
  const flattened = planComponent(await parse(text));
  return 'unsupported' in flattened ? flattened.unsupported : undefined;
}

/** A reference to the export of a core instance. */
export function exported(instance: number, name: string): CoreRef {
  return { kind: 'export', instance, name };
}

/** A reference to a trampoline. */
export function trampoline(index: number): CoreRef {
  return { kind: 'trampoline', index };
}

/** The imports of each instantiation, as `module.field`, with what is given. */
export function importsOf(plan: Plan): Record<string, CoreRef>[] {
  return plan.steps.flatMap((step) =>
    step.kind === 'instantiate'
      ? [Object.fromEntries(step.imports.map(([from, field, ref]) => [`${from}.${field}`, ref]))]
      : [],
  );
}
