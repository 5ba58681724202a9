/**
 * A guest in WAT that is called asynchronously: its function, its callback and the built-ins they use, put together by
 * a hand-written plan.
 */
import type { AsyncBuiltin, CanonOptions, ValueType } from '../../../host/component/plan.ts';
import { core, instantiatePlan, type TestImport, type TestInstance } from './test-component.ts';

/** A built-in that a guest imports by the name `$name`. */
export interface GuestBuiltin {
  readonly name: string;
  readonly builtin: AsyncBuiltin['builtin'];
  /** Core type: `(param i32) (result i32)`. */
  readonly type: string;
  readonly payload?: ValueType | undefined;
  readonly isAsync?: true | undefined;
}

/** The parts of a guest. */
export interface AsyncGuest {
  readonly builtins?: readonly GuestBuiltin[];
  /** Instructions of the function; gives what a callback answers. */
  readonly body: string;
  /** Instructions of the callback, with the locals `$code`, `$handle` and `$payload`. */
  readonly callback?: string;
  /** Type of the result. */
  readonly result?: ValueType;
  /** An asynchronous function of the host, lowered with the option `async`, imported as `$call`. */
  readonly host?: TestImport & { readonly coreType: string };
  /** What else the module has. */
  readonly more?: string;
  /** Lifted without the option `async`: the function's instructions give the result itself. */
  readonly isSync?: true;
}

const MEMORY = { kind: 'export', instance: 0, name: 'memory' } as const;
const REALLOC = { kind: 'export', instance: 0, name: 'realloc' } as const;
/** `task.return` of nothing. */
export const RETURN: GuestBuiltin = { name: 'return', builtin: 'task-return', type: '' };
export const SET_NEW: GuestBuiltin = {
  name: 'set',
  builtin: 'waitable-set-new',
  type: '(result i32)',
};
export const JOIN: GuestBuiltin = {
  name: 'join',
  builtin: 'waitable-join',
  type: '(param i32 i32)',
};

/** Built-ins of streams or futures of one type, all asynchronous: `$s-new`, `$s-read` … */
export function endBuiltins(sort: 'stream' | 'future', payload?: ValueType): GuestBuiltin[] {
  const copy =
    sort === 'stream' ? '(param i32 i32 i32) (result i32)' : '(param i32 i32) (result i32)';
  const types = {
    new: '(result i64)',
    read: copy,
    write: copy,
    'cancel-read': '(param i32) (result i32)',
    'cancel-write': '(param i32) (result i32)',
    'drop-readable': '(param i32)',
    'drop-writable': '(param i32)',
  } as const;
  return Object.entries(types).map(([operation, type]) => ({
    name: `s-${operation}`,
    builtin: `${sort}-${operation as keyof typeof types}` as const,
    type,
    payload,
    isAsync: operation === 'read' || operation === 'write' ? true : undefined,
  }));
}

/** Instantiates it; its one export takes a function that is told of the result. */
export async function asyncGuest(guest: AsyncGuest): Promise<TestInstance> {
  const {
    builtins = [],
    body,
    callback = '(i32.const 0)',
    result,
    host,
    more = '',
    isSync,
  } = guest;
  const options: CanonOptions = {
    encoding: 'utf8',
    memory: MEMORY,
    realloc: REALLOC,
    postReturn: undefined,
  };
  const imports = builtins.map(
    ({ name, type }, index) => `(import "b" "${index}" (func $${name} ${type}))`,
  );
  if (host !== undefined) imports.push(`(import "b" "h" (func $call ${host.coreType}))`);
  const module = await core(`(module ${imports.join(' ')}
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 32768))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $next)
      (global.set $next (i32.add (global.get $next) (i32.add (local.get 3) (i32.const 8)))))
    (global $a (export "a") (mut i32) (i32.const 0))
    (global $b (export "b") (mut i32) (i32.const 0))
    (global $ends (mut i64) (i64.const 0))
    (func $readable (result i32) (i32.wrap_i64 (global.get $ends)))
    (func $writable (result i32)
      (i32.wrap_i64 (i64.shr_u (global.get $ends) (i64.const 32))))
    ${more}
    (func (export "run") (result i32) ${body})
    (func (export "callback") (param $code i32) (param $handle i32) (param $payload i32)
      (result i32) ${callback}))`);
  const type = { isAsync: true as const, parameters: [], result };
  const fields = builtins.map(
    (_, index) => ['b', `${index}`, { kind: 'trampoline', index }] as const,
  );
  const hostFields =
    host === undefined ? [] : [['b', 'h', { kind: 'trampoline', index: builtins.length }] as const];
  return await instantiatePlan(
    {
      modules: [{ offset: 0, bytes: 0 }],
      imports: host === undefined ? [] : [{ interface: 't:t/i', name: 'f0', type: host.type }],
      resources: [],
      lifts: [
        {
          component: 0,
          core: { kind: 'export', instance: 0, name: 'run' },
          type,
          options:
            isSync === true
              ? options
              : {
                  ...options,
                  isAsync: true as const,
                  callback: { kind: 'export' as const, instance: 0, name: 'callback' },
                },
        },
      ],
      trampolines: [
        ...builtins.map(({ builtin, payload, isAsync }) => ({
          kind: 'async-builtin' as const,
          component: 0,
          builtin,
          payload,
          options: isAsync === true ? { ...options, isAsync } : options,
        })),
        ...(host === undefined
          ? []
          : [
              {
                kind: 'lower' as const,
                component: 0,
                import: 0,
                options: { ...options, isAsync: true as const },
              },
            ]),
      ],
      steps: [{ kind: 'instantiate', module: 0, imports: [...fields, ...hostFields] }],
      exports: [{ interface: 't:t/e', name: 'run', lift: 0 }],
      components: 1,
    },
    [module],
    host === undefined ? [] : [{ ...host, name: 'f0' }],
  );
}
