/** Emitted code as a script: unlike a module, it is collected with the last use of its functions. */
import type vm from 'node:vm';
import { abiRuntime } from '../../component/abi/runtime.ts';
import type { InstanceState } from '../../component/abi/instance-state.ts';
import type { HostFunction } from '../../component/host-interface.ts';

/** Makes a core instance; gives its exports, later if its start function has to run first. */
export type InstantiateCore = (
  module: number,
  imports: WebAssembly.Imports,
) => WebAssembly.Exports | Promise<WebAssembly.Exports>;

/** An exported function, in the order of the link data. */
export type ExportedCall = (...parameters: unknown[]) => unknown;

/** Makes an instance of the component: at once if it runs no guest code. */
export type CreateInstance = (
  guest: object,
  state: InstanceState,
  instantiateCore: InstantiateCore,
) => readonly ExportedCall[] | Promise<readonly ExportedCall[]>;

type Script = (
  runtime: typeof abiRuntime,
  names: readonly string[],
  host: readonly HostFunction[],
) => CreateInstance;

/**
 * Links.
 *
 * @param script What `emitComponent` made, compiled.
 * @param names The component's strings.
 * @param host The host's functions, in the order of the component's imports.
 */
export function linkScript(
  script: vm.Script,
  names: readonly string[],
  host: readonly HostFunction[],
): CreateInstance {
  const link = script.runInThisContext() as Script;
  return link(abiRuntime, Object.freeze(names), host);
}
