/**
 * Emits the steps of instantiation: each core instance with its imports, and after it the assignment of
 * everything that was waiting for one of its exports.
 */
import type { CoreRef, Plan, PlanStep } from '../plan.ts';
import type { Emission } from './emission.ts';

/** Something that waits for a core definition: a statement template with `$` for its expression. */
export interface LateBinding {
  readonly ref: CoreRef;
  readonly statement: (expression: string) => string;
}

/** Emits the statements. */
export function emitSteps(
  emission: Emission,
  bindings: readonly LateBinding[],
  importName: (trampoline: number) => string,
  start: (lift: number) => string,
): string {
  const { plan } = emission;
  const lines = bindings
    .filter(({ ref }) => ref.kind === 'trampoline')
    .map(({ ref, statement }) => statement(refExpression(emission, ref, importName)));
  let instances = 0;
  for (const step of plan.steps) {
    if (step.kind === 'start') {
      lines.push(start(step.lift));
      continue;
    }
    const instance = instances;
    instances += 1;
    lines.push(
      `const i${instance}=I(${step.module},${importsObject(emission, step.imports, importName)});`,
    );
    for (const { ref, statement } of bindings) {
      if (ref.kind === 'export' && ref.instance === instance) {
        lines.push(statement(refExpression(emission, ref, importName)));
      }
    }
  }
  return lines.map((line) => `${line}\n`).join('');
}

/** Trampolines that anything in the plan names, in order. */
export function usedTrampolines(plan: Plan, bindings: readonly LateBinding[]): number[] {
  const used = new Set<number>();
  for (const { ref } of bindings) if (ref.kind === 'trampoline') used.add(ref.index);
  for (const step of plan.steps) {
    if (step.kind !== 'instantiate') continue;
    for (const [, , ref] of step.imports) if (ref.kind === 'trampoline') used.add(ref.index);
  }
  return [...used].sort((left, right) => left - right);
}

function importsObject(
  emission: Emission,
  imports: Extract<PlanStep, { kind: 'instantiate' }>['imports'],
  importName: (trampoline: number) => string,
): string {
  const modules = new Map<string, string[]>();
  for (const [module, field, ref] of imports) {
    const fields = modules.get(module) ?? [];
    modules.set(module, fields);
    const key = emission.names.constantOf(field);
    fields.push(`[${key}]:${refExpression(emission, ref, importName)}`);
  }
  const entries = [...modules].map(
    ([module, fields]) => `[${emission.names.constantOf(module)}]:{${fields.join(',')}}`,
  );
  return `{${entries.join(',')}}`;
}

function refExpression(
  emission: Emission,
  ref: CoreRef,
  importName: (trampoline: number) => string,
): string {
  if (ref.kind === 'trampoline') return importName(ref.index);
  return `i${ref.instance}[${emission.names.constantOf(ref.name)}]`;
}
