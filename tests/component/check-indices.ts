/** What every plan must hold, whatever it was made from: its indices are of something in it. */
import type { CanonOptions, CoreRef, Plan, ValueType } from '../../host/component/plan.ts';

/** The indices of a plan that are of nothing in it. */
export function checkIndices(plan: Plan): string[] {
  const wrong: string[] = [];
  const check = (what: string, index: number, items: { readonly length: number }): void => {
    if (!(index >= 0 && index < items.length)) wrong.push(`${what} ${index}`);
  };
  const checkType = (type: ValueType | undefined): void => {
    if (type === undefined) return;
    if (type.kind === 'own' || type.kind === 'borrow')
      check('resource', type.resource, plan.resources);
    if (type.kind === 'list') checkType(type.element);
    if (type.kind === 'option') checkType(type.some);
    if (type.kind === 'tuple') type.items.forEach(checkType);
    if (type.kind === 'record') type.fields.forEach((field) => checkType(field.type));
    if (type.kind === 'variant') type.cases.forEach((one) => checkType(one.type));
    if (type.kind === 'result') [type.ok, type.err].forEach(checkType);
    if (type.kind === 'stream' || type.kind === 'future') checkType(type.payload);
  };
  const components = { length: plan.components };
  for (const { type } of [...plan.imports, ...plan.lifts]) {
    for (const parameter of type.parameters) checkType(parameter.type);
    checkType(type.result);
  }
  for (const one of plan.trampolines) {
    check('component', one.component, components);
    if (one.kind === 'lower') check('import', one.import, plan.imports);
    else if (one.kind === 'adapter') check('lift', one.lift, plan.lifts);
    else if (one.kind === 'async-builtin') checkType(one.payload);
    else check('resource', one.resource, plan.resources);
  }
  const instances = { length: plan.steps.filter(({ kind }) => kind === 'instantiate').length };
  const checkRef = (ref: CoreRef | undefined): void => {
    if (ref?.kind === 'trampoline') check('trampoline', ref.index, plan.trampolines);
    if (ref?.kind === 'export') check('instance', ref.instance, instances);
  };
  const checkOptions = ({ memory, realloc, postReturn, callback }: CanonOptions): void =>
    [memory, realloc, postReturn, callback].forEach(checkRef);
  for (const one of plan.trampolines) if ('options' in one) checkOptions(one.options);
  for (const { core, options } of plan.lifts) {
    checkRef(core);
    checkOptions(options);
  }
  for (const one of plan.resources) {
    if (one.kind !== 'own') continue;
    check('component', one.component, components);
    checkRef(one.destructor);
  }
  let made = 0;
  for (const step of plan.steps) {
    if (step.kind === 'start') {
      check('lift', step.lift, plan.lifts);
      continue;
    }
    check('module', step.module, plan.modules);
    for (const [, , ref] of step.imports) {
      checkRef(ref);
      if (ref.kind === 'export' && ref.instance >= made)
        wrong.push(`late instance ${ref.instance}`);
    }
    made += 1;
  }
  for (const { lift } of plan.exports) check('lift', lift, plan.lifts);
  for (const { component } of plan.lifts) check('component', component, components);
  return wrong;
}
