/**
 * Component bytes and the interfaces of a test → a loaded module of one engine: what deploy and the module
 * cache do, without WASI, its signatures and the kinds of functions that the host serves.
 */
import { HostError } from '../../host/base/errors.ts';
import { emitComponent } from '../../host/component/emit/emit-component.ts';
import type { HostInterface } from '../../host/component/host-interface.ts';
import { planComponent } from '../../host/component/plan-component.ts';
import { scanComponent } from '../../host/component/scan-component.ts';
import { checkImports, type CheckedImport } from '../../host/deploy/check-imports.ts';
import { transpile } from '../../host/deploy/transpile.ts';
import type { Module, PreparedArtifact } from '../../host/engine/engine.ts';
import { createEngines } from '../../host/engine/engines.ts';
import {
  PREPARER_VERSION,
  type CoreModule,
  type EngineName,
  type Manifest,
} from '../../host/engine/manifest.ts';
import { encodeLinkData } from '../../host/engine/native/link-data.ts';
import { hasStart } from '../../host/wasm/has-start.ts';
import { rewriteCoreModule } from '../../host/wasm/rewrite-core-module.ts';

/** The engines that are compared. */
export const ENGINES: readonly EngineName[] = ['jco', 'native'];

/** An exported function. */
export interface Entry {
  /** With version. */
  readonly interface: string;
  /** In camelCase. */
  readonly function: string;
}

/** Code of either engine, and the core modules as the component has them. */
interface Generated {
  readonly files: readonly (readonly [name: string, bytes: Uint8Array])[];
  readonly cores: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

/** Names of files; those of core modules are other. */
const GLUE = 'glue.js';
const LINK = 'link.json';

/**
 * Generates code and rewrites core modules.
 *
 * @param entry The exported function that calls go to; jco makes only this one able to wait.
 * @throws {HostError} As deploy does.
 */
export async function prepareComponent(
  engine: EngineName,
  bytes: Uint8Array,
  interfaces: readonly HostInterface[],
  entry: Entry,
): Promise<PreparedArtifact> {
  const imports = checkImports(scanComponent(bytes, { maxImports: 1000 }).imports, interfaces);
  const generated =
    engine === 'jco' ? await generateForJco(bytes, imports, entry) : generateNative(bytes, imports);
  const files = new Map(generated.files);
  const modules: CoreModule[] = [];
  for (const { name, bytes: original } of generated.cores) {
    const { bytes: rewritten, contract } = rewriteCoreModule(original);
    files.set(name, rewritten);
    modules.push({ name, file: name, ...contract });
  }
  const manifest: Manifest = {
    preparer: PREPARER_VERSION,
    engine,
    kind: 'http',
    entry: { ...entry, takesSeveral: false },
    imports: imports.map(({ name }) => name),
    modules,
    glue: GLUE,
    ...(files.has(LINK) ? { link: LINK } : {}),
  };
  return { manifest, files };
}

/**
 * Loads what was prepared.
 *
 * @param entry Another function than it was prepared for.
 */
export function loadPrepared(
  prepared: PreparedArtifact,
  interfaces: readonly HostInterface[],
  entry: Entry = prepared.manifest.entry,
): Promise<Module> {
  return createEngines(interfaces).load({
    files: prepared.files,
    manifest: { ...prepared.manifest, entry: { ...entry, takesSeveral: false } },
  });
}

async function generateForJco(
  bytes: Uint8Array,
  imports: readonly CheckedImport[],
  entry: Entry,
): Promise<Generated> {
  const { glue, cores } = await transpile(bytes, imports, { kind: 'http', entry });
  return { files: [[GLUE, new TextEncoder().encode(glue)]], cores };
}

function generateNative(bytes: Uint8Array, imports: readonly CheckedImport[]): Generated {
  const planned = planComponent(bytes);
  if ('unsupported' in planned) {
    throw new HostError('unsupported_by_native', { reason: planned.unsupported });
  }
  const hosts = new Map(imports.map(({ name, host }) => [name, host]));
  const cores = planned.plan.modules.map(({ offset, bytes: length }, index) => ({
    name: `core${index}.wasm`,
    bytes: bytes.subarray(offset, offset + length),
  }));
  const emitted = emitComponent(planned.plan, {
    isBlocking: (imported) =>
      hosts.get(imported.interface)?.blocking.includes(imported.name) === true,
    isOnMemory: (imported) =>
      hosts.get(imported.interface)?.onMemory?.includes(imported.name) === true,
    hasStart: (module) => hasStart(cores[module]?.bytes ?? new Uint8Array(0)),
  });
  return {
    files: [
      [GLUE, new TextEncoder().encode(emitted.source)],
      [LINK, encodeLinkData(emitted)],
    ],
    cores,
  };
}
