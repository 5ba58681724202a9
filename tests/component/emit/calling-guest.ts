/**
 * Guests that call one host function with core values of their choice: how a guest breaks rules.
 *
 * The guest's `run` wraps the call in a `catch_all`, so a rule that is only thrown would be swallowed.
 */
import { endReasonOf, type EndReason } from '../../../host/component/ending.ts';
import type { HostFunction } from '../../../host/component/host-interface.ts';
import type {
  CanonOptions,
  FunctionType,
  Plan,
  ResourceType,
} from '../../../host/component/plan.ts';
import {
  ALLOCATOR,
  core,
  exported,
  func,
  instantiatePlan,
  options,
  planOf,
  trampoline,
  type TestInstance,
} from './test-component.ts';

/** What a guest is made of. */
export interface GuestParts {
  readonly type: FunctionType;
  readonly call: HostFunction;
  /** Core type of `f` as WAT: `(param i32 i32) (result i32)`. */
  readonly coreType: string;
  /** Instructions of `run`; `$f` is the host's function, `$drop` drops a handle. */
  readonly body: string;
  /** More definitions of the core module. */
  readonly more?: string;
  /** What `run` gives its host: an i32 of this type. */
  readonly result?: FunctionType['result'];
  readonly options?: Partial<CanonOptions>;
  readonly resources?: readonly ResourceType[];
  /** Resource that `$drop`, `$new` and `$rep` are for. */
  readonly dropped?: number;
  readonly blocking?: boolean;
  readonly runOptions?: Partial<CanonOptions>;
  /** Parameters of `run`, and their core types. */
  readonly parameters?: FunctionType['parameters'];
  readonly coreParameters?: string;
}

/** Makes the guest. */
export async function callingGuest(parts: GuestParts): Promise<TestInstance> {
  const result = parts.result === undefined ? '' : '(result i32)';
  const handles = parts.dropped !== undefined;
  const module = await core(`(module
    (import "host" "f" (func $f ${parts.coreType}))
    ${
      handles
        ? `(import "host" "drop" (func $drop (param i32)))
           (import "host" "new" (func $new (param i32) (result i32)))
           (import "host" "rep" (func $rep (param i32) (result i32)))`
        : ''
    }
    ${parts.options?.realloc === undefined && !(parts.options && 'realloc' in parts.options) ? ALLOCATOR : '(memory (export "memory") 4)'}
    ${parts.more ?? ''}
    (func (export "run") ${parts.coreParameters ?? ''} ${result}
      (block $caught
        (try_table ${result === '' ? '' : '(result i32)'} (catch_all $caught) ${parts.body})
        (return))
      ${result === '' ? '' : '(i32.const -1)'}))`);
  const { dropped } = parts;
  const plan: Plan = planOf({
    imports: [{ interface: 't:t/i', name: 'f', type: parts.type }],
    resources: parts.resources ?? [],
    trampolines: [
      { kind: 'lower', component: 0, import: 0, options: options(parts.options) },
      ...(dropped === undefined
        ? []
        : (['resource-drop', 'resource-new', 'resource-rep'] as const).map((kind) => ({
            kind,
            component: 0,
            resource: dropped,
          }))),
    ],
    lifts: [
      {
        component: 0,
        core: exported('run'),
        type: { parameters: parts.parameters ?? [], result: parts.result },
        options: options({ ...parts.options, ...parts.runOptions }),
      },
    ],
    steps: [
      {
        kind: 'instantiate',
        module: 0,
        imports: [
          ['host', 'f', trampoline(0)],
          ...(handles
            ? ([
                ['host', 'drop', trampoline(1)],
                ['host', 'new', trampoline(2)],
                ['host', 'rep', trampoline(3)],
              ] as const)
            : []),
        ],
      },
    ],
    exports: [{ interface: 't:t/i', name: 'run', lift: 0 }],
  });
  return instantiatePlan(
    plan,
    [module],
    [{ name: 'f', type: parts.type, call: parts.call, blocking: parts.blocking === true }],
  );
}

/** Calls the first export; gives why the instance was ended, or what the call came to. */
export async function reasonOf(
  instance: TestInstance,
  ...parameters: unknown[]
): Promise<EndReason | { readonly returned: unknown } | { readonly threw: unknown }> {
  try {
    return { returned: await instance.exports[0]?.(...parameters) };
  } catch (error) {
    return endReasonOf(error) ?? { threw: error };
  }
}

/** Makes the guest, calls it, and gives the rule it broke; undefined if it broke none. */
export async function brokenRule(parts: GuestParts): Promise<string | undefined> {
  const reason = await reasonOf(await callingGuest(parts));
  return 'kind' in reason && reason.kind === 'rule' ? reason.rule : undefined;
}

export { func };
