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

/** Source of the instantiation. */
export interface EmittedSteps {
  /** Once for each script: import objects with nothing in them yet. */
  readonly shared: string;
  /** For each instance. */
  readonly statements: string;
  /** Whether guest code runs in them, which may be suspended. */
  readonly waits: boolean;
}

/**
 * Emits the statements.
 *
 * Import objects are copies of a template into which functions are put: an object literal with 40 keys
 * that are not known as source text takes 5 µs to build, a copy 0.3 µs.
 */
export function emitSteps(
  emission: Emission,
  bindings: readonly LateBinding[],
  importName: (trampoline: number) => string,
  start: (lift: number) => string,
  hasStart: (module: number) => boolean,
): EmittedSteps {
  const { plan } = emission;
  const templates: string[] = [];
  const lines = bindings
    .filter(({ ref }) => ref.kind === 'trampoline')
    .map(({ ref, statement }) => statement(refExpression(emission, ref, importName)));
  let instances = 0;
  let waits = false;
  for (const step of plan.steps) {
    if (step.kind === 'start') {
      waits = true;
      lines.push(start(step.lift));
      continue;
    }
    const instance = instances;
    instances += 1;
    const name = `o${instance}`;
    templates.push(`const ${name}=${importsTemplate(emission, step.imports)};\n`);
    lines.push(...importsCopy(emission, name, instance, step.imports, importName));
    // Only what runs guest code has to be waited for: a microtask is a tenth of a small instantiation.
    const starts = hasStart(step.module);
    waits ||= starts;
    lines.push(`const i${instance}=${starts ? 'await ' : ''}I(${step.module},b${instance});`);
    for (const { ref, statement } of bindings) {
      if (ref.kind === 'export' && ref.instance === instance) {
        lines.push(statement(refExpression(emission, ref, importName)));
      }
    }
  }
  const statements = lines.map((line) => `${line}\n`).join('');
  return { shared: templates.join(''), statements, waits };
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

type CoreImports = Extract<PlanStep, { kind: 'instantiate' }>['imports'];

function importsTemplate(emission: Emission, imports: CoreImports): string {
  const { names } = emission;
  const modules = [...byModule(imports)].map(([module, fields]) => {
    const keys = fields.map(([field]) => `[${names.constantOf(field)}]:undefined`);
    return `[${names.constantOf(module)}]:{${keys.join(',')}}`;
  });
  return `{${modules.join(',')}}`;
}

/** Statements that make the import object of one instance. */
function importsCopy(
  emission: Emission,
  template: string,
  instance: number,
  imports: CoreImports,
  importName: (trampoline: number) => string,
): string[] {
  const { names } = emission;
  const copies = [...byModule(imports)].map(([module, fields]) => {
    const key = names.constantOf(module);
    const puts = fields.map(
      ([field, ref]) =>
        `m[${names.constantOf(field)}]=${refExpression(emission, ref, importName)};`,
    );
    return `{const m={...${template}[${key}]};${puts.join('')}b${instance}[${key}]=m;}`;
  });
  return [`const b${instance}={...${template}};`, ...copies];
}

function byModule(imports: CoreImports): Map<string, [field: string, ref: CoreRef][]> {
  const modules = new Map<string, [string, CoreRef][]>();
  for (const [module, field, ref] of imports) {
    const fields = modules.get(module) ?? [];
    modules.set(module, fields);
    fields.push([field, ref]);
  }
  return modules;
}

function refExpression(
  emission: Emission,
  ref: CoreRef,
  importName: (trampoline: number) => string,
): string {
  if (ref.kind === 'trampoline') return importName(ref.index);
  return `i${ref.instance}[${emission.names.constantOf(ref.name)}]`;
}
