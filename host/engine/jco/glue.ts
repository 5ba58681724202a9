/**
 * Turns the ES module that jco generates into a function, and compiles it as a script.
 *
 * An `import()` of generated code could never be collected; a script is, with the last reference to
 * its function, so evicted modules and redeployments leave nothing behind.
 */
import type vm from 'node:vm';
import { HostError } from '../../base/errors.ts';

/** What jco's generated code needs of its surroundings, and gives. */
export type Instantiate = (
  getCoreModule: (name: string) => WebAssembly.Module,
  imports: Readonly<Record<string, object>>,
  instantiateCore: (
    module: WebAssembly.Module,
    imports?: WebAssembly.Imports,
  ) => CoreInstance | Promise<CoreInstance>,
) => JcoExports | Promise<JcoExports>;

/** As much of a core instance as the generated code looks at. */
export type CoreInstance = Pick<WebAssembly.Instance, 'exports'>;

/** Exported interfaces by name with version, and their functions. */
export type JcoExports = Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;

/**
 * Rewrites generated module source as the source of a script: a function that takes the
 * `WebAssembly` object to use and gives `instantiate`.
 *
 * @throws {transpile_failed} If the source is not of the form we know.
 */
export function glueFromModule(source: string): string {
  const exported = 'export function instantiate(';
  if (!source.includes(exported) || /^\s*import\s/m.test(source.slice(0, 2000))) {
    throw new HostError('transpile_failed', { reason: 'the generated code has an unknown form' });
  }
  const body = source
    .replace(exported, 'function instantiate(')
    .replace(/^export const _util\b/m, 'const _util')
    // Fetching core modules by URL is for browsers; here they are always given.
    .replace(/^\s*if \(!getCoreModule\) .*import\.meta\.url.*$/m, '')
    // Asked dozens of times a call, and reading an environment variable is a system call's work.
    .replace('if (!globalThis?.process?.env?.JCO_DEBUG) { return; }', 'return;');
  return `(function (WebAssembly) { 'use strict';\n${body}\nreturn instantiate;\n})`;
}

/** Gives `instantiate` for one instance, with the `WebAssembly` object it is to use. Costs one closure. */
export type BuildInstantiate = (webAssembly: object) => Instantiate;

/** Runs a script made by `glueFromModule`. */
export function runGlue(script: vm.Script): BuildInstantiate {
  return script.runInThisContext() as BuildInstantiate;
}
