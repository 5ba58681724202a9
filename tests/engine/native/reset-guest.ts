/**
 * A guest that changes whatever a guest can change, where it is told to: memory by every kind of store, globals,
 * a table, handles, the stack. And the means to read all of that state from outside.
 *
 * It exists as deploy makes it (`rewritten`), and as one that keeps to the contract by hand, with a mark and without.
 */
import { createHash } from 'node:crypto';
import { Script } from 'node:vm';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { InstanceState } from '../../../host/component/abi/instance-state.ts';
import { emitComponent } from '../../../host/component/emit/emit-component.ts';
import type { HostFunction } from '../../../host/component/host-interface.ts';
import type { Plan } from '../../../host/component/plan.ts';
import type { InstanceKeeper } from '../../../host/engine/native/reset-instance.ts';
import { ModuleReset } from '../../../host/engine/native/reset-module.ts';
import type { CoreInstance } from '../../../host/engine/native/reset-parts.ts';
import { linkScript, type ExportedCall } from '../../../host/engine/native/script.ts';
import { rewriteCoreModule } from '../../../host/wasm/rewrite-core-module.ts';
import {
  HOST_FIELD,
  HOST_MODULE,
  type ModuleContract,
} from '../../../host/wasm/module-contract.ts';
import {
  exported,
  func,
  options,
  planOf,
  trampoline,
} from '../../component/emit/test-component.ts';
import { UnmeteredCpu } from '../../../host/limits/unmetered-cpu.ts';

/** How the guest tells what it wrote to. */
export type GuestKind = 'rewritten' | 'marked' | 'unmarked';

/** What the guest can do; the number is the operation's. */
export const OPERATIONS = [
  'i32.store8',
  'i32.store16',
  'i32.store',
  'i64.store',
  'f32.store',
  'f64.store',
  'v128.store',
  'memory.fill',
  'memory.copy',
  'memory.init',
  'table.set',
  'table.copy',
  'table.fill',
  'globals',
  'new handle',
  'drop handle',
  'deep stack',
  'host writes',
  'grow by nothing',
  'store with offset',
  'constant in a local',
  'constant in one branch',
  'constant before a loop',
] as const;

/** Memory of the guest, bytes. */
export const MEMORY_BYTES = 4 * 65_536;

/** What the host's function gives the guest. */
const TEXT = 'written by the host';

/** Compiled once, instantiated often. */
export interface GuestModule {
  instantiate(options?: { readonly callsHost?: boolean; readonly guest?: object }): GuestInstance;
  readonly reset: ModuleReset;
}

/** One instance of it. */
export interface GuestInstance {
  readonly state: InstanceState;
  readonly cores: readonly CoreInstance[];
  readonly keeper: InstanceKeeper;
  /** Does one of `OPERATIONS`. */
  poke(operation: number, at: number, value: bigint): unknown;
  /** Makes the memory larger, ends the instance, or waits, as told. */
  readonly call: ExportedCall;
  readonly memory: WebAssembly.Memory;
  /** All that a guest could see: equal for equal states. */
  fingerprint(): unknown;
}

/** Makes it. */
export async function resetGuest(
  kind: GuestKind,
  give: HostFunction = () => TEXT,
  changes: { readonly more?: string; readonly contract?: Partial<ModuleContract> } = {},
): Promise<GuestModule> {
  const text = await parse(guestText(kind, changes.more ?? ''));
  const made =
    kind === 'rewritten' ? rewriteCoreModule(text) : { bytes: text, contract: contractOf(kind) };
  const contract = { ...made.contract, ...changes.contract };
  const module = new WebAssembly.Module(made.bytes);
  const emitted = emitComponent(PLAN, { isBlocking: () => true, hasStart: () => false });
  const create = linkScript(new Script(emitted.source), emitted.names, [give]);
  const reset = new ModuleReset([contract], emitted.imports);
  return {
    reset,
    instantiate: ({ callsHost = false, guest = {} } = {}) => {
      const state = new InstanceState(new UnmeteredCpu());
      const cores: CoreInstance[] = [];
      const keeper = reset.track(state);
      const exports = create(guest, state, (index, imports) => {
        const linked = { ...imports, ...hostImports(keeper) };
        const instance = new WebAssembly.Instance(module, linked);
        const core = { module: index, imports: linked, exports: instance.exports };
        cores.push(core);
        keeper.add(core);
        // As a start function would, after everything is bound.
        if (callsHost) state.hostCall = 0;
        return instance.exports;
      });
      if (exports instanceof Promise) throw new Error('a guest that has no start function waits');
      const [poke, call] = exports;
      if (poke === undefined || call === undefined) throw new Error('a guest without exports');
      return {
        state,
        cores,
        keeper,
        poke,
        call,
        memory: cores[0]?.exports['memory'] as WebAssembly.Memory,
        fingerprint: () => fingerprintOf(state, cores[0]?.exports ?? {}),
      };
    },
  };
}

/** What a rewritten module takes; nothing is limited here. */
function hostImports(keeper: InstanceKeeper): WebAssembly.Imports {
  const memory0 = keeper.createMemory({ initial: MEMORY_BYTES / 65_536, maximum: 8 });
  return {
    [HOST_MODULE]: {
      memory0,
      grow0: (pages: number) => memory0.grow(pages),
      [HOST_FIELD.chargeTable]: () => 1,
      [HOST_FIELD.epoch]: new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }),
      [HOST_FIELD.expired]: () => 0,
      [HOST_FIELD.yield]: () => {},
      [HOST_FIELD.nested]: () => {},
    },
  };
}

/** Every byte of memory, globals, tables by the names of their functions, and the handles there are and will be. */
function fingerprintOf(state: InstanceState, exports: WebAssembly.Exports): unknown {
  const memory = exports['memory'] as WebAssembly.Memory;
  const table = exports['table'] as WebAssembly.Table;
  const globals = exports['globals'] as () => unknown[];
  return {
    memoryBytes: memory.buffer.byteLength,
    memory: createHash('sha256').update(new Uint8Array(memory.buffer)).digest('hex'),
    globals: globals().map((value) => (typeof value === 'function' ? nameOf(value) : value)),
    table: Array.from({ length: table.length }, (_, index) => nameOf(table.get(index))),
    components: state.components.map((component) => ({
      handles: component.capture(),
      mayEnter: component.mayEnter,
      mayLeave: component.mayLeave,
    })),
  };
}

/** The name of a function of a module is its number. */
function nameOf(entry: unknown): string | undefined {
  return typeof entry === 'function' ? entry.name : undefined;
}

function contractOf(kind: GuestKind): ModuleContract {
  return {
    memories: [
      {
        index: 0,
        importName: 'memory0',
        from: undefined,
        growName: undefined,
        minPages: 4,
        maxPages: 8,
        is64: false,
      },
    ],
    tables: [{ name: 'faas:table0', minEntries: 8, is64: false }],
    globals: [0, 1, 2, 3, 4, 5, 6].map((number) => `faas:global${number}`),
    start: undefined,
    writes: [
      {
        memory: ['faas:host', 'memory0'],
        mark: kind === 'marked' ? 'faas:low0' : undefined,
        bound: kind === 'marked' ? 200_000 : 0,
      },
    ],
    checks: false,
    growsTables: false,
    reset: { possible: true },
  };
}

const PLAN: Plan = planOf({
  imports: [{ interface: 't:t/i', name: 'give', type: func([], { kind: 'string' }) }],
  resources: [{ kind: 'own', component: 0, destructor: undefined }],
  trampolines: [
    { kind: 'lower', component: 0, import: 0, options: options() },
    { kind: 'resource-new', component: 0, resource: 0 },
    { kind: 'resource-drop', component: 0, resource: 0 },
  ],
  lifts: [
    {
      component: 0,
      core: exported('poke'),
      type: func([{ kind: 'u32' }, { kind: 'u32' }, { kind: 'u64' }]),
      options: options(),
    },
    { component: 0, core: exported('call'), type: func([{ kind: 'u32' }]), options: options() },
  ],
  steps: [
    {
      kind: 'instantiate',
      module: 0,
      imports: [
        ['host', 'give', trampoline(0)],
        ['host', 'new', trampoline(1)],
        ['host', 'drop', trampoline(2)],
      ],
    },
  ],
  exports: [
    { interface: 't:t/i', name: 'poke', lift: 0 },
    { interface: 't:t/i', name: 'call', lift: 1 },
  ],
});

function guestText(kind: GuestKind, more: string): string {
  const byHand = kind !== 'rewritten';
  const reserved = (name: string): string => (byHand ? `(export "${name}")` : '');
  // By hand every store tells where it is; in the rewritten guest the rewriting has to see to that.
  const touch = (at: string): string => (kind === 'marked' ? `(call $touch ${at})` : '');
  const stores: readonly string[] = [
    '(i32.store8 (local.get $at) (i32.wrap_i64 (local.get $value)))',
    '(i32.store16 (local.get $at) (i32.wrap_i64 (local.get $value)))',
    '(i32.store (local.get $at) (i32.wrap_i64 (local.get $value)))',
    '(i64.store (local.get $at) (local.get $value))',
    '(f32.store (local.get $at) (f32.convert_i64_s (local.get $value)))',
    '(f64.store (local.get $at) (f64.convert_i64_s (local.get $value)))',
    '(v128.store (local.get $at) (i64x2.splat (local.get $value)))',
    '(memory.fill (local.get $at) (i32.wrap_i64 (local.get $value)) (i32.const 13))',
    '(memory.copy (local.get $at) (i32.and (i32.wrap_i64 (local.get $value)) (i32.const 131071)) (i32.const 30))',
    '(memory.init $passive (local.get $at) (i32.const 1) (i32.const 9))',
  ];
  const others: readonly string[] = [
    `(table.set $table (i32.rem_u (local.get $at) (i32.const 8))
      (if (result funcref) (i64.eqz (i64.and (local.get $value) (i64.const 1)))
        (then (ref.func $first)) (else (ref.null func))))`,
    '(table.copy $table $table (i32.const 4) (i32.rem_u (local.get $at) (i32.const 4)) (i32.const 3))',
    '(table.fill $table (i32.rem_u (local.get $at) (i32.const 5)) (ref.func $second) (i32.const 3))',
    `(global.set $g0 (local.get $at)) (global.set $g1 (local.get $value))
     (global.set $g2 (f32.convert_i64_s (local.get $value))) (global.set $g3 (f64.convert_i64_s (local.get $value)))
     (global.set $g4 (ref.func $second))`,
    '(drop (call $new (local.get $at)))',
    '(call $drop (call $new (local.get $at)))',
    '(call $deep (i32.and (local.get $at) (i32.const 63)) (local.get $value))',
    // The host writes where the allocator points it to.
    `(global.set $next (local.get $at)) (call $give (i32.and (local.get $at) (i32.const 0x3fff0)))`,
    '(drop (memory.grow (i32.const 0)))',
    `${touch('(i32.add (i32.and (local.get $at) (i32.const 0x1ffff)) (i32.const 1000))')}
     (i64.store offset=1000 (i32.and (local.get $at) (i32.const 0x1ffff)) (local.get $value))`,
    `(local.set $c (global.get $base))
     ${touch('(i32.const 80000)')}
     (i64.store (i32.add (local.get $c) (i32.const 80000)) (local.get $value))`,
    `(local.set $c (i32.const 70000))
     (if (i32.and (local.get $at) (i32.const 1)) (then (local.set $c (local.get $at))))
     ${touch('(local.get $c)')}
     (i64.store offset=8 (local.get $c) (local.get $value))`,
    `(local.set $c (i32.const 70000)) (local.set $n (i32.const 3))
     (loop $again
       ${touch('(local.get $c)')}
       (i64.store offset=4 (local.get $c) (local.get $value))
       (local.set $c (i32.and (local.get $at) (i32.const 0xffff)))
       (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))`,
  ];
  const cases = [...stores.map((store) => `${touch('(local.get $at)')}${store}`), ...others];
  return `(module
  (import "host" "give" (func $give (param i32)))
  (import "host" "new" (func $new (param i32) (result i32)))
  (import "host" "drop" (func $drop (param i32)))
  ${byHand ? '(import "faas:host" "memory0" (memory $m 4 8))' : '(memory $m 4 8)'}
  (export "memory" (memory $m))
  (table $table ${reserved('faas:table0')} (export "table") 8 funcref)
  (elem (table $table) (i32.const 1) func $first $second)
  (elem declare func $first $second)
  (global $g0 ${reserved('faas:global0')} (mut i32) (i32.const 7))
  (global $g1 ${reserved('faas:global1')} (mut i64) (i64.const -7))
  (global $g2 ${reserved('faas:global2')} (mut f32) (f32.const 0.5))
  (global $g3 ${reserved('faas:global3')} (mut f64) (f64.const -0.0))
  (global $g4 ${reserved('faas:global4')} (mut funcref) (ref.func $first))
  (global $stack ${reserved('faas:global5')} (mut i32) (i32.const 65536))
  (global $base i32 (i32.const 0))
  (global $next ${reserved('faas:global6')} (mut i32) (i32.const 0))
  ${kind === 'marked' ? '(global $low (export "faas:low0") (mut i32) (i32.const 0x7fffffff))' : ''}
  (data (i32.const 65600) "data of the guest")
  (data (i32.const 66000) "more")
  (data (i32.const 90000) "far away")
  (data (i32.const 262140) "\\01\\02\\03\\04")
  (data $passive "0123456789")
  (func $first)
  (func $second)
  (func (export "realloc") (param i32 i32 i32 i32) (result i32) (global.get $next))
  (func (export "globals") (result i32 i64 f32 f64 funcref i32 i32)
    (global.get $g0) (global.get $g1) (global.get $g2) (global.get $g3)
    (global.get $g4) (global.get $stack) (global.get $next))
  ${
    kind === 'marked'
      ? `(func $touch (param i32)
          (if (i32.or (i32.lt_s (local.get 0) (i32.const 0)) (i32.lt_s (local.get 0) (global.get $low)))
            (then (global.set $low (local.get 0)))))`
      : ''
  }
  (func $deep (param $levels i32) (param $value i64) (local $frame i32)
    (local.set $frame (i32.sub (global.get $stack) (i32.const 256)))
    (global.set $stack (local.get $frame))
    ${touch('(local.get $frame)')}
    (i64.store offset=8 (local.get $frame) (local.get $value))
    (if (local.get $levels)
      (then (call $deep (i32.sub (local.get $levels) (i32.const 1)) (local.get $value))))
    (global.set $stack (i32.add (local.get $frame) (i32.const 256))))
  (func (export "poke") (param $op i32) (param $at i32) (param $value i64) (local $c i32) (local $n i32)
    (local.set $at (i32.rem_u (local.get $at) (i32.const ${MEMORY_BYTES - 32})))
    ${cases
      .map((body, index) => `(if (i32.eq (local.get $op) (i32.const ${index})) (then ${body}))`)
      .join('\n    ')})
  (func (export "call") (param $what i32)
    (if (i32.eq (local.get $what) (i32.const 1)) (then (drop (memory.grow (i32.const 1)))))
    (if (i32.eq (local.get $what) (i32.const 2)) (then unreachable))
    (if (i32.eq (local.get $what) (i32.const 3)) (then (call $give (i32.const 16)))))
  ${more})`;
}
