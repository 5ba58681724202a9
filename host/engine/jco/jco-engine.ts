/**
 * The `jco` engine: runs components through the code that jco generated at deploy. Complete, and slow:
 * the fallback of the native engine and the oracle it is tested against.
 */
import { HostError } from '../../base/errors.ts';
import {
  findInterface,
  indexInterfaces,
  type InterfacesByName,
} from '../../component/find-interface.ts';
import type { HostInterface } from '../../component/host-interface.ts';
import type { GuestCpu } from '../../limits/guest-cpu.ts';
import type { MemoryAccount } from '../../limits/memory-account.ts';
import type { Engine, Instance, Module, PreparedArtifact, SuspendableGuest } from '../engine.ts';
import { compileGenerated } from '../code-cache.ts';
import { HostImports } from '../host-imports.ts';
import type { CoreModule, Manifest } from '../manifest.ts';
import { requireFile } from '../require-file.ts';
import { buildImports, type BindImports } from './bind-imports.ts';
import { GuestGuard } from './guard.ts';
import { runGlue, type BuildInstantiate, type JcoExports } from './glue.ts';

/**
 * Makes the engine.
 *
 * @param interfaces Every interface the host offers.
 */
export function createJcoEngine(interfaces: readonly HostInterface[]): Engine {
  const byName = indexInterfaces(interfaces);
  return {
    name: 'jco',
    load: async (prepared) => {
      try {
        return await loadModule(prepared, byName);
      } catch (error) {
        throw new HostError('engine_failed', { reason: messageOf(error) }, { cause: error });
      }
    },
  };
}

async function loadModule(prepared: PreparedArtifact, byName: InterfacesByName): Promise<Module> {
  const { manifest, files } = prepared;
  const cores = new Map<string, CompiledCore>();
  let codeBytes = 0;
  for (const core of manifest.modules) {
    const bytes = requireFile(files, core.file);
    codeBytes += bytes.byteLength;
    cores.set(core.name, { core, module: await WebAssembly.compile(bytes) });
  }
  codeBytes += requireFile(files, manifest.glue).byteLength;
  const build = runGlue(compileGenerated(prepared, 'faas-glue.js'));
  const wanted = new Set<HostInterface>();
  for (const name of manifest.imports) {
    const host = findInterface(name, byName);
    if (host !== undefined) wanted.add(host);
  }
  return new JcoModule(manifest, codeBytes, cores, build, buildImports([...wanted]));
}

interface CompiledCore {
  readonly core: CoreModule;
  readonly module: WebAssembly.Module;
}

class JcoModule implements Module {
  readonly manifest: Manifest;
  readonly codeBytes: number;
  readonly #cores: ReadonlyMap<string, CompiledCore>;
  readonly #coreOf: ReadonlyMap<WebAssembly.Module, CoreModule>;
  readonly #build: BuildInstantiate;
  readonly #bindImports: BindImports;

  constructor(
    manifest: Manifest,
    codeBytes: number,
    cores: ReadonlyMap<string, CompiledCore>,
    build: BuildInstantiate,
    bindImports: BindImports,
  ) {
    this.manifest = manifest;
    this.codeBytes = codeBytes;
    this.#cores = cores;
    this.#coreOf = new Map([...cores.values()].map(({ core, module }) => [module, core]));
    this.#build = build;
    this.#bindImports = bindImports;
  }

  async instantiate(
    guest: SuspendableGuest,
    memory: MemoryAccount,
    cpu: GuestCpu,
  ): Promise<Instance> {
    const guard = new GuestGuard(guest, cpu);
    const hostImports = new HostImports({ memory, cpu, calls: () => guard.calls });
    const instantiate = this.#build(guard.webAssembly());
    const exports = await instantiate(
      (name) => this.#coreNamed(name),
      this.#bindImports(guest),
      (module, imports) => {
        const core = this.#coreOf.get(module);
        const guarded = guard.imports(imports);
        cpu.enter();
        try {
          const linked = core === undefined ? guarded : hostImports.addTo(core, guarded);
          const { exports: made } = new WebAssembly.Instance(module, linked);
          const given = { exports: guard.exports(made) };
          if (core?.start === undefined) return given;
          return WebAssembly.promising(made[core.start] as () => void)().then(() => given);
        } finally {
          cpu.leave();
        }
      },
    );
    return new JcoInstance(entryOf(exports, this.manifest));
  }

  close(): void {
    // Nothing is held but memory; V8 frees code with the last instance.
  }

  #coreNamed(name: string): WebAssembly.Module {
    const compiled = this.#cores.get(name);
    if (compiled === undefined) {
      throw new HostError('engine_failed', { reason: `no core module "${name}"` });
    }
    return compiled.module;
  }
}

type Entry = (...parameters: readonly unknown[]) => Promise<unknown>;

class JcoInstance implements Instance {
  readonly keptBytes = 0;
  #entry: Entry | undefined;

  constructor(entry: Entry) {
    this.#entry = entry;
  }

  async call(parameters: readonly unknown[]): Promise<unknown> {
    if (this.#entry === undefined) {
      throw new HostError('engine_failed', { reason: 'the instance is closed' });
    }
    return await this.#entry(...parameters);
  }

  captureInitial(): string {
    return 'the engine jco cannot reset an instance';
  }

  reset(): boolean {
    return false;
  }

  close(): void {
    this.#entry = undefined;
  }
}

function entryOf(exports: JcoExports, { entry }: Manifest): Entry {
  const found = exports[entry.interface]?.[entry.function];
  if (typeof found !== 'function') {
    throw new HostError('engine_failed', { reason: `no export "${entry.interface}"` });
  }
  return found as Entry;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
