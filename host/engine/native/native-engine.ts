/**
 * The `native` engine: runs components through the code that was emitted for them at deploy.
 *
 * Loading compiles and links; after that an instance costs its core instances, their memories, and one
 * function object for each core function that the host makes.
 */
import { HostError } from '../../base/errors.ts';
import type { TaskCaller } from '../../component/abi/async/task.ts';
import { InstanceState } from '../../component/abi/instance-state.ts';
import { camelCase } from '../../component/emit/name-table.ts';
import { indexInterfaces, type InterfacesByName } from '../../component/find-interface.ts';
import type { HostInterface } from '../../component/host-interface.ts';
import type { GuestCpu } from '../../limits/guest-cpu.ts';
import type { MemoryAccount } from '../../limits/memory-account.ts';
import type { Engine, Instance, Module, PreparedArtifact } from '../engine.ts';
import { compileGenerated } from '../code-cache.ts';
import { HostImports } from '../host-imports.ts';
import type { CoreModule, Manifest } from '../manifest.ts';
import { requireFile } from '../require-file.ts';
import { decodeLinkData, type LinkData } from './link-data.ts';
import { linkHost } from './link-host.ts';
import { ModuleReset } from './reset-module.ts';
import type { InstanceKeeper } from './reset-instance.ts';
import { linkScript, type CreateInstance, type ExportedCall } from './script.ts';
import { SpareMemories } from './spare-memories.ts';

/** Told of each core instance that is made: the index of its core module, and its exports. */
export type CoreListener = (module: number, exports: WebAssembly.Exports) => void;

/**
 * Makes the engine.
 *
 * @param interfaces Every interface the host offers.
 * @param onCore For whoever tries out a component; absent: nobody is told.
 */
export function createNativeEngine(
  interfaces: readonly HostInterface[],
  onCore?: CoreListener,
): Engine {
  const byName = indexInterfaces(interfaces);
  const spares = new SpareMemories();
  return {
    name: 'native',
    load: async (prepared) => {
      try {
        return await loadModule(prepared, byName, spares, onCore);
      } catch (error) {
        if (error instanceof HostError) throw error;
        const reason = error instanceof Error ? error.message : String(error);
        throw new HostError('engine_failed', { reason }, { cause: error });
      }
    },
  };
}

async function loadModule(
  prepared: PreparedArtifact,
  byName: InterfacesByName,
  spares: SpareMemories,
  onCore: CoreListener | undefined,
): Promise<Module> {
  const { manifest, files } = prepared;
  const { link } = manifest;
  if (link === undefined) throw new HostError('engine_failed', { reason: 'it has no link data' });
  const script = requireFile(files, manifest.glue);
  const linkBytes = requireFile(files, link);
  const coreBytes = manifest.modules.map(({ file }) => requireFile(files, file));
  // V8 compiles them on other threads, while this one does what else there is to do.
  const compiling = Promise.all(coreBytes.map((bytes) => WebAssembly.compile(bytes)));
  compiling.catch(() => {});
  const data = decodeLinkData(linkBytes);
  const create = linkScript(
    compileGenerated(prepared, 'faas-component.js'),
    data.names,
    linkHost(data.imports, byName),
  );
  const compiled = await compiling;
  const cores = manifest.modules.map((core, index) => ({ core, module: compiled[index] }));
  const codeBytes = [script, linkBytes, ...coreBytes].reduce((sum, one) => sum + one.byteLength, 0);
  const reset = new ModuleReset(manifest.modules, data.imports, spares);
  const entry = entryIndex(data, manifest);
  return new NativeModule({ manifest, codeBytes, cores, create, entry, reset, onCore });
}

interface CompiledCore {
  readonly core: CoreModule;
  readonly module: WebAssembly.Module | undefined;
}

interface NativeModuleParts {
  readonly manifest: Manifest;
  readonly codeBytes: number;
  readonly cores: readonly CompiledCore[];
  readonly create: CreateInstance;
  /** Which of the exported functions serves. */
  readonly entry: number;
  readonly reset: ModuleReset;
  readonly onCore: CoreListener | undefined;
}

class NativeModule implements Module {
  readonly manifest: Manifest;
  readonly codeBytes: number;
  readonly #cores: readonly CompiledCore[];
  readonly #create: CreateInstance;
  readonly #entry: number;
  readonly #reset: ModuleReset;
  readonly #onCore: CoreListener | undefined;

  constructor({ manifest, codeBytes, cores, create, entry, reset, onCore }: NativeModuleParts) {
    this.manifest = manifest;
    this.codeBytes = codeBytes;
    this.#cores = cores;
    this.#create = create;
    this.#entry = entry;
    this.#reset = reset;
    this.#onCore = onCore;
  }

  instantiate(guest: object, memory: MemoryAccount, cpu: GuestCpu): Promise<Instance> {
    const state = new InstanceState(cpu);
    const keeper = this.#reset.track(state);
    const hostImports = new HostImports({
      memory,
      cpu,
      calls: () => state.calls,
      createMemory: (form) => keeper.createMemory(form),
    });
    try {
      const exports = this.#create(guest, state, (index, imports) => {
        const { core, module } = this.#coreAt(index);
        cpu.enter();
        try {
          const linked = hostImports.addTo(core, imports);
          const instance = new WebAssembly.Instance(module, linked);
          keeper.add({ module: index, imports: linked, exports: instance.exports });
          this.#onCore?.(index, instance.exports);
          return runStart(core, instance.exports);
        } finally {
          cpu.leave();
        }
      });
      const open = (made: readonly ExportedCall[]): Instance =>
        new NativeInstance(made[this.#entry], keeper);
      if (!(exports instanceof Promise)) return Promise.resolve(open(exports));
      return exports.then(open, (error: unknown) => {
        throw state.fail(error);
      });
    } catch (error) {
      return Promise.reject(state.fail(error));
    }
  }

  close(): void {
    // V8 frees code with the last instance.
    this.#reset.close();
  }

  #coreAt(index: number): { readonly core: CoreModule; readonly module: WebAssembly.Module } {
    const found = this.#cores[index];
    if (found?.module === undefined) {
      throw new HostError('engine_failed', { reason: `it has no core module ${index}` });
    }
    return { core: found.core, module: found.module };
  }
}

class NativeInstance implements Instance {
  #entry: ExportedCall | undefined;
  readonly #keeper: InstanceKeeper;

  constructor(entry: ExportedCall | undefined, keeper: InstanceKeeper) {
    this.#entry = entry;
    this.#keeper = keeper;
  }

  call(parameters: readonly unknown[], caller?: TaskCaller): Promise<unknown> {
    const entry = this.#entry;
    if (entry === undefined) {
      return Promise.reject(new HostError('engine_failed', { reason: 'the instance is closed' }));
    }
    try {
      return Promise.resolve(
        caller === undefined ? entry(...parameters) : entry(...parameters, caller),
      );
    } catch (error) {
      return Promise.reject(error);
    }
  }

  get keptBytes(): number {
    return this.#keeper.keptBytes;
  }

  captureInitial(sharesSeed: boolean): string | undefined {
    return this.#keeper.capture(sharesSeed);
  }

  reset(guest: object, full = false): boolean {
    return this.#keeper.run(guest, full);
  }

  close(): void {
    this.#entry = undefined;
    this.#keeper.close();
  }
}

/** Runs what was the module's start section, which deploy made an export so that it can be suspended. */
function runStart(
  { start }: CoreModule,
  exports: WebAssembly.Exports,
): WebAssembly.Exports | Promise<WebAssembly.Exports> {
  if (start === undefined) return exports;
  const run = WebAssembly.promising(exports[start] as () => void);
  return run().then(() => exports);
}

/** Which exported function serves. */
function entryIndex({ exports }: LinkData, { entry }: Manifest): number {
  const index = exports.findIndex(
    (one) => one.interface === entry.interface && camelCase(one.name) === entry.function,
  );
  if (index < 0) throw new HostError('engine_failed', { reason: `no export "${entry.interface}"` });
  return index;
}
