/**
 * The `native` engine: runs components through the code that was emitted for them at deploy.
 *
 * Loading compiles and links; after that an instance costs its core instances, their memories, and one
 * function object for each core function that the host makes.
 */
import { HostError } from '../../base/errors.ts';
import { InstanceState } from '../../component/abi/instance-state.ts';
import { camelCase } from '../../component/emit/name-table.ts';
import type { HostInterface } from '../../component/host-interface.ts';
import type { MemoryAccount } from '../../limits/memory-account.ts';
import type { Engine, Instance, Module, PreparedArtifact } from '../engine.ts';
import { withHostMemories } from '../host-memories.ts';
import type { CoreModule, Manifest } from '../manifest.ts';
import { requireFile } from '../require-file.ts';
import { decodeLinkData, type LinkData } from './link-data.ts';
import { linkHost, type InterfacesByName } from './link-host.ts';
import { compileScript, type CreateInstance, type ExportedCall } from './script.ts';

/**
 * Makes the engine.
 *
 * @param interfaces Every interface the host offers.
 */
export function createNativeEngine(interfaces: readonly HostInterface[]): Engine {
  const byName = new Map(interfaces.map((host) => [host.name, host]));
  return {
    name: 'native',
    load: async (prepared) => {
      try {
        return await loadModule(prepared, byName);
      } catch (error) {
        if (error instanceof HostError) throw error;
        const reason = error instanceof Error ? error.message : String(error);
        throw new HostError('engine_failed', { reason }, { cause: error });
      }
    },
  };
}

async function loadModule(
  { manifest, files }: PreparedArtifact,
  byName: InterfacesByName,
): Promise<Module> {
  const { link } = manifest;
  if (link === undefined) throw new HostError('engine_failed', { reason: 'it has no link data' });
  const script = requireFile(files, manifest.glue);
  const linkBytes = requireFile(files, link);
  const coreBytes = manifest.modules.map(({ file }) => requireFile(files, file));
  const data = decodeLinkData(linkBytes);
  const compiled = await Promise.all(coreBytes.map((bytes) => WebAssembly.compile(bytes)));
  const create = compileScript(
    new TextDecoder().decode(script),
    data.names,
    linkHost(data.imports, byName),
  );
  const cores = manifest.modules.map((core, index) => ({ core, module: compiled[index] }));
  const codeBytes = [script, linkBytes, ...coreBytes].reduce((sum, one) => sum + one.byteLength, 0);
  return new NativeModule(manifest, codeBytes, cores, create, entryIndex(data, manifest));
}

interface CompiledCore {
  readonly core: CoreModule;
  readonly module: WebAssembly.Module | undefined;
}

class NativeModule implements Module {
  readonly manifest: Manifest;
  readonly codeBytes: number;
  readonly #cores: readonly CompiledCore[];
  readonly #create: CreateInstance;
  readonly #entry: number;

  constructor(
    manifest: Manifest,
    codeBytes: number,
    cores: readonly CompiledCore[],
    create: CreateInstance,
    entry: number,
  ) {
    this.manifest = manifest;
    this.codeBytes = codeBytes;
    this.#cores = cores;
    this.#create = create;
    this.#entry = entry;
  }

  instantiate(guest: object, memory: MemoryAccount): Promise<Instance> {
    const state = new InstanceState();
    try {
      const exports = this.#create(guest, state, (index, imports) => {
        const { core, module } = this.#coreAt(index);
        return new WebAssembly.Instance(module, withHostMemories(core, imports, memory)).exports;
      });
      return Promise.resolve(new NativeInstance(exports[this.#entry]));
    } catch (error) {
      return Promise.reject(state.fail(error));
    }
  }

  close(): void {
    // Nothing is held but memory; V8 frees code with the last instance.
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

  constructor(entry: ExportedCall | undefined) {
    this.#entry = entry;
  }

  call(parameters: readonly unknown[]): Promise<unknown> {
    const entry = this.#entry;
    if (entry === undefined) {
      return Promise.reject(new HostError('engine_failed', { reason: 'the instance is closed' }));
    }
    try {
      return Promise.resolve(entry(...parameters));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  close(): void {
    this.#entry = undefined;
  }
}

/** Which exported function serves. */
function entryIndex({ exports }: LinkData, { entry }: Manifest): number {
  const index = exports.findIndex(
    (one) => one.interface === entry.interface && camelCase(one.name) === entry.function,
  );
  if (index < 0) throw new HostError('engine_failed', { reason: `no export "${entry.interface}"` });
  return index;
}
