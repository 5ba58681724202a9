/**
 * Plan → the JavaScript of a component: one script, evaluated once for each loaded module, that gives
 * a function which makes instances.
 *
 * `(R, N, H) => (G, z, I) => exports`: `R` is the runtime of `abi/`, `N` the component's strings, `H`
 * the host's functions; `G` the guest they act for, `z` the instance's state, and `I` instantiates a core
 * module. Everything that does not depend on an instance is outside the inner function.
 */
import type { CanonOptions, CoreRef, ImportedFunction, Plan, Trampoline } from '../plan.ts';
import { emitAdapter } from './emit-adapter.ts';
import { emitSteps, usedTrampolines, type LateBinding } from './emit-instantiate.ts';
import { emitAsyncBuiltin, isSuspendingBuiltin } from './emit-async.ts';
import { emitAsyncLift, emitLift, enterPostReturn, leavePostReturn } from './emit-lift.ts';
import { coreParameterTypes, emitLower, takesDetour } from './emit-lower.ts';
import { emitDetourInstance, emitDetourModule, type Detour } from './emit-detour.ts';
import { signatureOf } from './signature.ts';
import { emitResource } from './emit-resource.ts';
import { Emission, type Scope } from './emission.ts';
import { MemoryNumbers } from './memory-numbers.ts';

/** Emitted code, and what it is linked with. */
export interface EmittedComponent {
  /** Source of a script: an expression that gives the function described above. */
  readonly source: string;
  /** The component's strings, in the order of the script's constants. */
  readonly names: readonly string[];
  /** Host functions, in the order the script takes them. */
  readonly imports: readonly LinkedImport[];
  /** Exported functions, in the order in which the script gives them. */
  readonly exports: readonly { readonly interface: string; readonly name: string }[];
}

/** A host function that emitted code calls. */
export interface LinkedImport {
  readonly interface: string;
  readonly name: string;
  readonly parameters: number;
  /** Whether it is the one that works on the guest's memory (`HostInterface.onMemory`). */
  readonly onMemory?: true;
}

/** What is known besides the plan when code is emitted. */
export interface EmitOptions {
  /** Whether a function may return a promise. */
  readonly isBlocking: (imported: ImportedFunction) => boolean;
  /** Whether the host has it as a function on memory as well; absent: no. */
  readonly isOnMemory?: (imported: ImportedFunction) => boolean;
  /** Whether instantiating a core module runs a function of it, by the module's number. */
  readonly hasStart: (module: number) => boolean;
}

/**
 * Emits a component's code.
 *
 * @throws {wasm_too_complex} If its types are too many, too deep or too large.
 */
export function emitComponent(plan: Plan, options: EmitOptions): EmittedComponent {
  return new ComponentEmitter(plan, options).emit();
}

class ComponentEmitter {
  readonly #plan: Plan;
  readonly #emission: Emission;
  readonly #memories = new MemoryNumbers();
  readonly #blocking: readonly boolean[];
  readonly #hasStart: EmitOptions['hasStart'];
  /** Indices of the imports that are functions on memory as well: as such they come behind all imports, in this order. */
  readonly #onMemory: readonly number[];

  constructor(plan: Plan, options: EmitOptions) {
    this.#plan = plan;
    this.#emission = new Emission(plan);
    this.#blocking = plan.imports.map((imported) => options.isBlocking(imported));
    this.#hasStart = options.hasStart;
    this.#onMemory = plan.imports.flatMap((imported, index) =>
      options.isOnMemory?.(imported) === true ? [index] : [],
    );
  }

  emit(): EmittedComponent {
    const { exports } = this.#plan;
    const imports = this.#linkedImports();
    const bindings = [...this.#liftBindings(), ...this.#destructorBindings()];
    const exported = [...new Set(exports.map(({ lift }) => lift))];
    const lifts = exported.map((index) => this.#emitLift(index));
    const trampolines = usedTrampolines(this.#plan, bindings);
    const functions = trampolines.map((index) => this.#emitTrampoline(index));
    const detours = trampolines.flatMap((index) => this.#detourOf(index));
    // After the functions: emitting them numbers the memories.
    bindings.push(...this.#memoryBindings());
    const steps = emitSteps(
      this.#emission,
      bindings,
      (index) => this.#importName(index, detours),
      (lift) => this.#emitStart(lift),
      this.#hasStart,
    );
    const given = exports.map(({ lift }) => `e${lift}`).join(',');
    const inner = [
      this.#declareState(),
      'function fail(x){throw z.fail(x)}\n',
      'z.onGuest(x=>{G=x});\n',
      ...functions,
      ...lifts,
      emitDetourInstance(detours),
      ...trampolines
        .filter((index) => this.#isSuspending(index) && this.#detourOf(index).length === 0)
        .map((index) => `const j${index}=new WebAssembly.Suspending(t${index});\n`),
      steps.statements,
    ].join('');
    const source = [
      '(function(R,N,H){"use strict";\n',
      'const{Async,State,Memory,Own,WitError,badCase,errorValueOf,f32FromBits,f32ToBits,f64FromBits,f64ToBits,indexOfName,liftChar,lowerChar,toEnding,unknownCase}=R,{dispose}=Symbol,{promising}=WebAssembly;\n',
      `${this.#emission.names.declaration()}\n`,
      imports.length === 0 ? '' : `const[${imports.map((_, index) => `h${index}`).join(',')}]=H;\n`,
      this.#emission.sharedSource(),
      emitDetourModule(detours),
      steps.shared,
      `return ${steps.waits ? 'async ' : ''}function(G,z,I){\nconst m=z.run;\n`,
      inner,
      `return[${given}]}})`,
    ].join('');
    return {
      source,
      names: this.#emission.names.names,
      imports,
      exports: exports.map(({ interface: from, name }) => ({ interface: from, name })),
    };
  }

  #linkedImports(): LinkedImport[] {
    const linked = this.#plan.imports.map(({ interface: from, name, type }): LinkedImport => ({
      interface: from,
      name,
      parameters: type.parameters.length,
    }));
    const onMemory = this.#onMemory.flatMap((index): LinkedImport[] => {
      const found = linked[index];
      return found === undefined ? [] : [{ ...found, onMemory: true }];
    });
    return [...linked, ...onMemory];
  }

  /** Number of the host's function on memory for an import, if there is one. */
  #onMemoryOf(importIndex: number): number | undefined {
    const place = this.#onMemory.indexOf(importIndex);
    return place === -1 ? undefined : this.#plan.imports.length + place;
  }

  #emitTrampoline(index: number): string {
    const trampoline = this.#trampoline(index);
    const { component } = trampoline;
    switch (trampoline.kind) {
      case 'lower': {
        const imported = this.#plan.imports[trampoline.import];
        if (imported === undefined) throw new Error('a plan without an import that it names');
        return emitLower(this.#emission, {
          index,
          importIndex: trampoline.import,
          imported,
          scope: this.#scope(component, trampoline.options, 'host'),
          onMemory: this.#onMemoryOf(trampoline.import),
          blocking: this.#blocking[trampoline.import] === true,
          isAsync: trampoline.options.isAsync === true,
        });
      }
      case 'adapter': {
        const lift = this.#lift(trampoline.lift);
        return emitAdapter(this.#emission, {
          index,
          caller: this.#scope(component, trampoline.options, 'adapter'),
          liftIndex: trampoline.lift,
          lift,
          callee: this.#scope(lift.component, lift.options, 'adapter'),
        });
      }
      case 'resource-new':
      case 'resource-rep':
      case 'resource-drop':
        return emitResource(this.#emission, index, trampoline, {
          state: `s${component}`,
          component,
        });
      case 'async-builtin':
        return emitAsyncBuiltin(
          this.#emission,
          index,
          trampoline,
          this.#scope(component, trampoline.options, 'host'),
        );
    }
  }

  #emitLift(index: number): string {
    const lift = this.#lift(index);
    const scope = this.#scope(lift.component, lift.options, 'host');
    const emit = lift.options.isAsync === true ? emitAsyncLift : emitLift;
    return emit(this.#emission, { index, lift, scope });
  }

  #emitStart(index: number): string {
    const lift = this.#lift(index);
    const state = `s${lift.component}`;
    const postReturn =
      lift.options.postReturn === undefined
        ? `${state}.exit();`
        : `${enterPostReturn(state)}await z.runApart(()=>q${index}(u));${leavePostReturn(state)}`;
    return `${state}.enter();{const u=await z.runApart(()=>y${index}());${postReturn}}`;
  }

  /** What each called lift waits for: its core function and its post-return function, both so that they can be suspended. */
  #liftBindings(): LateBinding[] {
    const called = new Set<number>(this.#plan.exports.map(({ lift }) => lift));
    for (const step of this.#plan.steps) if (step.kind === 'start') called.add(step.lift);
    for (const one of this.#plan.trampolines) if (one.kind === 'adapter') called.add(one.lift);
    return [...called].flatMap((index): LateBinding[] => {
      const { core, options } = this.#lift(index);
      const bindings = [promisingBinding(`y${index}`, core)];
      if (options.postReturn !== undefined) {
        bindings.push(promisingBinding(`q${index}`, options.postReturn));
      }
      if (options.callback !== undefined) {
        bindings.push(promisingBinding(`d${index}`, options.callback));
      }
      return bindings;
    });
  }

  #memoryBindings(): LateBinding[] {
    return this.#memories.all.flatMap(({ memory, realloc }, number) => {
      const bindings: LateBinding[] = [];
      if (memory !== undefined) {
        bindings.push({ ref: memory, statement: (from) => `c${number}.bindMemory(${from});` });
      }
      if (realloc !== undefined) {
        bindings.push({ ref: realloc, statement: (from) => `c${number}.bindRealloc(${from});` });
      }
      return bindings;
    });
  }

  #destructorBindings(): LateBinding[] {
    return this.#plan.resources.flatMap((resource, index) =>
      resource.kind === 'own' && resource.destructor !== undefined
        ? [
            {
              ref: resource.destructor,
              statement: (from: string) => `z.bindDestructor(${index},${from});`,
            },
          ]
        : [],
    );
  }

  #declareState(): string {
    const states = Array.from(
      { length: this.#plan.components },
      (_, index) => `s${index}=new State(z)`,
    );
    const memories = this.#memories.all.map(
      ({ component }, number) => `c${number}=new Memory(s${component})`,
    );
    const lifts = this.#plan.lifts.flatMap((_, index) => [`y${index}`, `q${index}`, `d${index}`]);
    const constants = [...states, ...memories];
    return (
      (constants.length === 0 ? '' : `const ${constants.join(',')};\n`) +
      (this.#emission.usesAsync
        ? states.map((_, index) => `new Async(s${index});\n`).join('')
        : '') +
      (lifts.length === 0 ? '' : `let ${lifts.join(',')};\n`)
    );
  }

  /** What guests import for a trampoline. */
  #importName(index: number, detours: readonly Detour[]): string {
    const number = detours.findIndex((detour) => detour.index === index);
    if (number !== -1) return `d[${number}]`;
    return this.#isSuspending(index) ? `j${index}` : `t${index}`;
  }

  /** The detour that a trampoline takes: one or none. */
  #detourOf(index: number): readonly Detour[] {
    const trampoline = this.#trampoline(index);
    if (trampoline.kind !== 'lower' || trampoline.options.isAsync === true) return [];
    if (this.#blocking[trampoline.import] !== true) return [];
    const imported = this.#plan.imports[trampoline.import];
    if (imported === undefined) return [];
    const signature = signatureOf(imported.type, this.#emission.types);
    return takesDetour(signature) ? [{ index, parameters: coreParameterTypes(signature) }] : [];
  }

  #isSuspending(index: number): boolean {
    const trampoline = this.#trampoline(index);
    if (trampoline.kind === 'adapter') return true;
    if (trampoline.kind === 'async-builtin') return isSuspendingBuiltin(trampoline);
    if (trampoline.kind !== 'lower' || trampoline.options.isAsync === true) return false;
    return this.#blocking[trampoline.import] === true;
  }

  #scope(component: number, options: CanonOptions, boundary: Scope['boundary']): Scope {
    return {
      memory: `c${this.#memories.numberOf(component, options)}`,
      state: `s${component}`,
      component,
      encoding: options.encoding,
      boundary,
    };
  }

  #trampoline(index: number): Trampoline {
    const found = this.#plan.trampolines[index];
    if (found === undefined) throw new Error('a plan without a trampoline that it names');
    return found;
  }

  #lift(index: number): Plan['lifts'][number] {
    const found = this.#plan.lifts[index];
    if (found === undefined) throw new Error('a plan without a lift that it names');
    return found;
  }
}

/** A guest's function, called so that it can be suspended; the host's own never are guests. */
function promisingBinding(name: string, ref: CoreRef): LateBinding {
  return {
    ref,
    statement: (expression) =>
      ref.kind === 'export'
        ? `${name}=promising(${expression});`
        : `${name}=async(...a)=>${expression}(...a);`,
  };
}
