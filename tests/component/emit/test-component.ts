/**
 * Components for tests of emitted code: a hand-written plan and a core module in WAT, put together as the
 * engine does it, without a component binary.
 */
import { Script } from 'node:vm';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { InstanceState } from '../../../host/component/abi/instance-state.ts';
import { emitComponent } from '../../../host/component/emit/emit-component.ts';
import type { HostFunction } from '../../../host/component/host-interface.ts';
import type {
  CanonOptions,
  CoreRef,
  FunctionType,
  Plan,
  ValueType,
} from '../../../host/component/plan.ts';
import { linkScript, type ExportedCall } from '../../../host/engine/native/script.ts';
import { UnmeteredCpu } from '../../../host/limits/unmetered-cpu.ts';

/** An instance whose exports are called as the host would. */
export interface TestInstance {
  readonly exports: readonly ExportedCall[];
  /** Exports of the core instances, in order. */
  readonly cores: readonly WebAssembly.Exports[];
  readonly state: InstanceState;
}

/** What the plan says of a host function, and the function. */
export interface TestImport {
  readonly name?: string;
  readonly type: FunctionType;
  readonly call: HostFunction;
  readonly blocking?: boolean;
}

/** Emits, compiles, links and instantiates. */
export async function instantiatePlan(
  plan: Plan,
  modules: readonly WebAssembly.Module[],
  imports: readonly TestImport[],
): Promise<TestInstance> {
  const blocking = new Set(
    imports.filter((one) => one.blocking).map(({ name }, i) => name ?? `f${i}`),
  );
  const emitted = emitComponent(plan, {
    isBlocking: ({ name }) => blocking.has(name),
    hasStart: () => false,
  });
  const create = linkScript(
    new Script(emitted.source),
    emitted.names,
    imports.map(({ call }) => call),
  );
  const cores: WebAssembly.Exports[] = [];
  const state = new InstanceState(new UnmeteredCpu());
  const exports = await create({}, state, (index, coreImports) => {
    const module = modules[index];
    if (module === undefined) throw new Error(`no module ${index}`);
    const { exports: made } = new WebAssembly.Instance(module, coreImports);
    cores.push(made);
    return made;
  });
  return { exports, cores, state };
}

/** Compiles a core module from text. */
export async function core(text: string): Promise<WebAssembly.Module> {
  return new WebAssembly.Module(await parse(text));
}

/** A memory and its allocator: `next` is where the following room begins; `post` starts over. */
export const ALLOCATOR = `
  (memory (export "memory") 4)
  (global $next (export "next") (mut i32) (i32.const 131072))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (global.set $next
      (i32.and
        (i32.add (global.get $next) (i32.sub (local.get 2) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get 2))))
    (local.set $at (global.get $next))
    (global.set $next (i32.add (global.get $next) (local.get 3)))
    (block $fits
      (br_if $fits (i32.le_u (global.get $next) (i32.mul (memory.size) (i32.const 65536))))
      (drop (memory.grow (i32.add (i32.shr_u (local.get 3) (i32.const 16)) (i32.const 1)))))
    (local.get $at))`;

/** The options of a function of core instance `instance` with all of the allocator. */
export function options(changes: Partial<CanonOptions> = {}, instance = 0): CanonOptions {
  return {
    encoding: 'utf8',
    memory: exported('memory', instance),
    realloc: exported('realloc', instance),
    postReturn: undefined,
    ...changes,
  };
}

/** An export of a core instance. */
export function exported(name: string, instance = 0): CoreRef {
  return { kind: 'export', instance, name };
}

/** A trampoline of the plan. */
export function trampoline(index: number): CoreRef {
  return { kind: 'trampoline', index };
}

/** A function type with nameless parameters. */
export function func(parameters: readonly ValueType[], result?: ValueType): FunctionType {
  return {
    parameters: parameters.map((type, index) => ({ name: `p${index}`, type })),
    result,
  };
}

/** A plan with what is not said left empty. */
export function planOf(parts: Partial<Plan>): Plan {
  return {
    modules: [],
    imports: [],
    resources: [],
    lifts: [],
    trampolines: [],
    steps: [],
    exports: [],
    components: 1,
    ...parts,
  };
}

/** The value of a global that a core instance exports. */
export function globalOf(instance: TestInstance, name: string, index = 0): unknown {
  const found = instance.cores[index]?.[name];
  if (!(found instanceof WebAssembly.Global)) throw new Error(`no global ${name}`);
  return found.value;
}

/** The memory that a core instance exports. */
export function memoryOf(instance: TestInstance, index = 0): WebAssembly.Memory {
  const found = instance.cores[index]?.['memory'];
  if (!(found instanceof WebAssembly.Memory)) throw new Error('no memory');
  return found;
}
