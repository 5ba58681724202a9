/**
 * A component → generated glue and core modules, by jco's bindings generator.
 *
 * The generator's own entry point is used, not the package's main one: that would load binaryen and a
 * minifier (100 MB) which nothing here needs.
 */
import { $init, generate } from '@bytecodealliance/jco-transpile/component';
import { HostError } from '../base/errors.ts';
import type { HostInterface } from '../component/host-interface.ts';
import { glueFromModule } from '../engine/jco/glue.ts';
import type { ServedKind } from './served-kind.ts';

/** What the generator made. */
export interface Transpiled {
  /** Script source, as the jco engine compiles it. */
  readonly glue: string;
  /** Core modules by the name the glue asks for. */
  readonly cores: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

/**
 * Generates.
 *
 * @param component Checked component bytes: its core names are safe, its imports exist.
 * @param imports Interfaces it imports, with versions, and the host's interface for each.
 * @throws {transpile_failed} If the generator refuses the component.
 */
export async function transpile(
  component: Uint8Array,
  imports: readonly { readonly name: string; readonly host: HostInterface }[],
  { entry }: ServedKind,
): Promise<Transpiled> {
  await $init;
  const blocking = imports.flatMap(({ name, host }) =>
    host.blocking.map((item) => `${name}#${item}`),
  );
  let files: [string, Uint8Array][];
  try {
    ({ files } = generate(component, {
      name: 'component',
      map: [],
      instantiation: { tag: 'async' },
      asyncMode: {
        tag: 'jspi',
        val: { imports: blocking, exports: [`${entry.interface}#${entry.function}`] },
      },
      noTypescript: true,
      noNodejsCompat: true,
      base64Cutoff: 0,
      // Core modules may use several memories; without this the generator merges them away.
      multiMemory: true,
    }));
  } catch (error) {
    throw new HostError('transpile_failed', { reason: reasonOf(error) }, { cause: error });
  }
  const source = files.find(([name]) => name.endsWith('.js'))?.[1];
  if (source === undefined)
    throw new HostError('transpile_failed', { reason: 'no code was generated' });
  return {
    glue: glueFromModule(new TextDecoder().decode(source)),
    cores: files
      .filter(([name]) => name.endsWith('.wasm'))
      .map(([name, bytes]) => ({ name, bytes })),
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof WebAssembly.RuntimeError) {
    return "jco's generator crashed on it; exceptions of the 2021 proposal are one known reason";
  }
  const payload =
    typeof error === 'object' && error !== null && 'payload' in error ? error.payload : undefined;
  const text =
    typeof payload === 'string' ? payload : error instanceof Error ? error.message : String(error);
  return text.slice(0, 400);
}
