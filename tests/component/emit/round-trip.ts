/**
 * A component that hands on what it is given: it exports `g: func(v: T) -> T`, which calls the host's
 * `f: func(v: T) -> T`. So a value that goes in and comes back was lowered and lifted twice, as
 * parameter and as result.
 */
import { signatureOf } from '../../../host/component/emit/signature.ts';
import { TypeTable } from '../../../host/component/emit/layout.ts';
import type { CanonOptions, ValueType } from '../../../host/component/plan.ts';
import type { ExportedCall } from '../../../host/engine/native/script.ts';
import {
  ALLOCATOR,
  core,
  exported,
  func,
  instantiatePlan,
  options,
  planOf,
  trampoline,
} from './test-component.ts';

/** Where the guest asks for results. */
const RESULT_AT = 1024;

/** `g`, and what `f` was given last. */
export interface RoundTrip {
  readonly g: ExportedCall;
  readonly given: () => unknown;
}

/** Makes the component for a type. */
export async function roundTrip(
  type: ValueType,
  encoding: CanonOptions['encoding'] = 'utf8',
): Promise<RoundTrip> {
  const signature = signatureOf(func([type], type), new TypeTable(() => false));
  const parameters = signature.parameterTuple === undefined ? signature.flatParameters : ['i32'];
  const { resultInMemory, result } = signature;
  const flatResult = resultInMemory ? '' : `(result ${result?.flat[0] ?? ''})`;
  const list = parameters.join(' ');
  const module = await core(`(module
    (import "host" "f" (func $f (param ${list} ${resultInMemory ? 'i32' : ''}) ${flatResult}))
    ${ALLOCATOR}
    (func (export "g") (param ${list}) (result ${resultInMemory ? 'i32' : (result?.flat[0] ?? '')})
      ${parameters.map((_, index) => `(local.get ${index})`).join(' ')}
      ${resultInMemory ? `(i32.const ${RESULT_AT})` : ''}
      (call $f)
      ${resultInMemory ? `(i32.const ${RESULT_AT})` : ''})
    (func (export "post") (param ${resultInMemory ? 'i32' : (result?.flat[0] ?? '')})
      (global.set $next (i32.const 131072))))`);
  let given: unknown;
  const instance = await instantiatePlan(
    planOf({
      imports: [{ interface: 't:t/i', name: 'f', type: func([type], type) }],
      trampolines: [{ kind: 'lower', component: 0, import: 0, options: options({ encoding }) }],
      lifts: [
        {
          component: 0,
          core: exported('g'),
          type: func([type], type),
          options: options({ encoding, postReturn: exported('post') }),
        },
      ],
      steps: [{ kind: 'instantiate', module: 0, imports: [['host', 'f', trampoline(0)]] }],
      exports: [{ interface: 't:t/i', name: 'g', lift: 0 }],
    }),
    [module],
    [
      {
        name: 'f',
        type: func([type], type),
        call: (_guest, value: unknown) => {
          given = value;
          return unwrapped(type, value);
        },
      },
    ],
  );
  const [g] = instance.exports;
  if (g === undefined) throw new Error('nothing was exported');
  return { g, given: () => given };
}

/** What a host function returns or throws for a value it was given as parameter. */
function unwrapped(type: ValueType, value: unknown): unknown {
  if (type.kind !== 'result') return value;
  const { tag, val } = value as { readonly tag: 'ok' | 'err'; readonly val: unknown };
  if (tag === 'ok') return val;
  throw Object.assign(new Error('err'), { payload: val });
}
