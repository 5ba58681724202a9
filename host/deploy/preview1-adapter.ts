/**
 * A WASI preview1 core module → a component, with the adapter that the Bytecode Alliance builds for
 * commands. In a checkout the adapter comes with jco, a development dependency; the published package
 * carries a copy (`dist/adapters/`).
 */
import { readFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';
import { HostError } from '../base/errors.ts';
import { ByteReader } from '../wasm/byte-reader.ts';
import { escapeName } from '../wasm/core-names.ts';
import { reserveAdapterMemory } from '../wasm/go-adapter-memory.ts';
import { readImports } from '../wasm/imports.ts';
import { readSections, SECTION } from '../wasm/sections.ts';
import { readMemoryType } from '../wasm/types.ts';

/** Import module of WASI preview1. */
const PREVIEW1 = 'wasi_snapshot_preview1';

/** The package that brings the adapter to a checkout. */
const JCO = '@bytecodealliance/jco';

/** File name of the adapter. */
export const ADAPTER_FILE = 'wasi_snapshot_preview1.command.wasm';

/** Custom section by which wit-bindgen marks a core module that is to become a component. */
const COMPONENT_TYPE = /^component-type/;

/**
 * Refuses core modules that are not WASI preview1 commands.
 *
 * @param maxImports Most imports accepted.
 * @throws {not_wasi_module} If it imports something else than preview1, or exports no `_start`.
 * @throws {shared_memory_refused} If it has a shared memory.
 * @throws {malformed_wasm} If it cannot be read.
 */
export function checkPreview1Command(module: Uint8Array, maxImports: number): void {
  const exports: string[] = [];
  for (const { id, name, contents, end } of readSections(module)) {
    if (id === SECTION.custom && COMPONENT_TYPE.test(name))
      throw new HostError('needs_componentizing', {});
    const reader = new ByteReader(module, contents, end);
    if (id === SECTION.import) checkImportModules(reader, maxImports);
    if (id === SECTION.memory) checkMemories(reader);
    if (id === SECTION.export) exports.push(...readExportNames(reader));
  }
  if (!exports.includes('_start')) {
    throw new HostError('not_wasi_module', { reason: 'it exports no "_start"' });
  }
}

function checkImportModules(reader: ByteReader, maxImports: number): void {
  const stranger = readImports(reader, maxImports).imports.find((one) => one.module !== PREVIEW1);
  if (stranger === undefined) return;
  const from = `${escapeName(stranger.module)}" "${escapeName(stranger.field)}`;
  throw new HostError('not_wasi_module', { reason: `it imports "${from}"` });
}

/** Here and not when it is rewritten: the adapter would refuse it first, for a reason nobody understands. */
function checkMemories(reader: ByteReader): void {
  const count = reader.count('memories');
  for (let index = 0; index < count; index += 1) readMemoryType(reader, index);
}

function readExportNames(reader: ByteReader): string[] {
  const names: string[] = [];
  for (let left = reader.count('exports'); left > 0; left -= 1) {
    names.push(reader.name());
    reader.u8();
    reader.u32();
  }
  return names;
}

/**
 * Adapts a command.
 *
 * @returns The bytes of a component that exports `wasi:cli/run`.
 * @throws {adapt_failed} If the adapter cannot be put on.
 */
export async function adaptPreview1(module: Uint8Array): Promise<Uint8Array> {
  const adapter = await readFile(findAdapter());
  try {
    return await componentNew(reserveAdapterMemory(module), [[PREVIEW1, adapter]]);
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).slice(0, 300);
    throw new HostError('adapt_failed', { reason }, { cause: error });
  }
}

function findAdapter(): string {
  const here = fileURLToPath(import.meta.url);
  // Compiled, this file is dist/host/deploy/preview1-adapter.js.
  if (here.endsWith('.js')) return join(dirname(here), '..', '..', 'adapters', ADAPTER_FILE);
  const jco = fileURLToPath(import.meta.resolve(JCO));
  return join(jco.slice(0, jco.lastIndexOf(join(JCO, sep))), JCO, 'lib', ADAPTER_FILE);
}
