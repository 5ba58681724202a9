/**
 * Component bytes and the interfaces of a test → a loaded module of one engine: what deploy and the module
 * cache do, without WASI and without the kinds of functions that the host serves.
 */
import { scanComponent } from '../../host/component/scan-component.ts';
import type { HostInterface } from '../../host/component/host-interface.ts';
import { checkImports } from '../../host/deploy/check-imports.ts';
import { generateCode } from '../../host/deploy/generate-code.ts';
import type { Module, PreparedArtifact } from '../../host/engine/engine.ts';
import { createEngines } from '../../host/engine/engines.ts';
import { PREPARER_VERSION, type EngineName, type Manifest } from '../../host/engine/manifest.ts';
import { rewriteCoreModule } from '../../host/wasm/host-memory.ts';

/** The engines that are compared. */
export const ENGINES: readonly EngineName[] = ['jco', 'native'];

/** An exported function. */
export interface Entry {
  /** With version. */
  readonly interface: string;
  /** In camelCase. */
  readonly function: string;
}

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
  const code = await generateCode(bytes, imports, { kind: 'http', entry }, engine);
  const files = new Map<string, Uint8Array>([['glue', new TextEncoder().encode(code.glue)]]);
  if (code.link !== undefined) files.set('link', code.link);
  const modules = code.cores.map((core) => {
    const { bytes: rewritten, memories } = rewriteCoreModule(core.bytes);
    files.set(core.name, rewritten);
    return { name: core.name, file: core.name, memories };
  });
  const manifest: Manifest = {
    preparer: PREPARER_VERSION,
    engine: code.engine,
    kind: 'http',
    entry,
    imports: imports.map(({ name }) => name),
    modules,
    glue: 'glue',
    ...(code.link === undefined ? {} : { link: 'link' }),
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
    manifest: { ...prepared.manifest, entry },
  });
}
