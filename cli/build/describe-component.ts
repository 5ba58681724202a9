/** Bytes that a build has made → what they are: how they would be served, what they import and export. */
import { HostError } from '../../host/base/errors.ts';
import { detectBinary } from '../../host/component/detect-binary.ts';
import { scanComponent } from '../../host/component/scan-component.ts';
import { servedKindOf } from '../../host/deploy/served-kind.ts';

/** What a component is, as far as deploying it is concerned. */
export interface ComponentDescription {
  readonly form: 'component' | 'core module';
  /** `http`: a handler of requests; `command`: a program, served by CGI. */
  readonly kind: 'http' | 'command';
  /** Interfaces with their releases; of a core module, the modules it imports from. */
  readonly imports: readonly string[];
  readonly exports: readonly string[];
}

const PREVIEW1 = 'wasi_snapshot_preview1';

/**
 * Looks into a component or a WASI preview1 module.
 *
 * @throws {not_wasm} If it is neither.
 * @throws {unknown_world} If it is a component that cannot be served; also composition_not_offered.
 * @throws {not_wasi_module} If it is a module that is no preview1 command.
 * @throws {needs_componentizing} If it is the inside of a component.
 */
export function describeComponent(bytes: Uint8Array<ArrayBuffer>): ComponentDescription {
  if (detectBinary(bytes) === 'core-module') return describeModule(bytes);
  const { imports, exports } = scanComponent(bytes);
  const exported = exports.map(({ name }) => name);
  const imported = imports.map(({ name }) => name);
  const { kind } = servedKindOf(exported, imported);
  return {
    form: 'component',
    kind,
    imports: imports.filter((item) => item.kind === 'instance').map(({ name }) => name),
    exports: exported,
  };
}

function describeModule(bytes: Uint8Array<ArrayBuffer>): ComponentDescription {
  const module = compile(bytes);
  const imports = [...new Set(WebAssembly.Module.imports(module).map((item) => item.module))];
  const exports = WebAssembly.Module.exports(module).map(({ name }) => name);
  const stranger = imports.find((name) => name !== PREVIEW1);
  if (exports.some((name) => name.startsWith('cabi_realloc') || name.includes('#'))) {
    throw new HostError('needs_componentizing', {});
  }
  if (stranger !== undefined) {
    throw new HostError('not_wasi_module', {
      reason: `it imports from "${stranger.slice(0, 80)}"`,
    });
  }
  if (!exports.includes('_start')) {
    throw new HostError('not_wasi_module', { reason: 'it exports no "_start"' });
  }
  return { form: 'core module', kind: 'command', imports, exports: ['_start'] };
}

function compile(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  try {
    return new WebAssembly.Module(bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new HostError('not_wasi_module', { reason }, { cause: error });
  }
}
