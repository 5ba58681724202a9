/**
 * Finds the host's function for each function that a component imports: once for each module, so that an
 * instance costs nothing here.
 *
 * Emitted code calls methods with the resource as `this`, and everything else with the guest first.
 */
import { HostError } from '../../base/errors.ts';
import type { LinkedImport } from '../../component/emit/emit-component.ts';
import { camelCase } from '../../component/emit/name-table.ts';
import { findInterface, type InterfacesByName } from '../../component/find-interface.ts';
import type { HostFunction, HostInterface, ResourceClass } from '../../component/host-interface.ts';

/** Ends the names of methods on memory (`HostInterface.onMemory`). */
const ON_MEMORY = 'OnMemory';

/** Name of a constructor, method or static function: what it is, of which resource, and its own name. */
const RESOURCE_FUNCTION = /^\[(constructor|method|static)\]([a-z0-9-]+)(?:\.([a-z0-9-]+))?$/i;

/**
 * Links.
 *
 * @returns The host's functions, in the order of the imports.
 * @throws {engine_failed} If one is missing, which deploy would have found.
 */
export function linkHost(
  imports: readonly LinkedImport[],
  offered: InterfacesByName,
): readonly HostFunction[] {
  // Most of a component's imports come from a few interfaces, and versions take time to compare.
  const hosts = new Map<string, HostInterface | undefined>();
  const hostOf = (name: string): HostInterface | undefined => {
    if (!hosts.has(name)) hosts.set(name, findInterface(name, offered));
    return hosts.get(name);
  };
  return imports.map((imported) => {
    const host = hostOf(imported.interface);
    const found = host === undefined ? undefined : findFunction(host, imported);
    if (found !== undefined) return found;
    throw new HostError('engine_failed', {
      reason: `the host has no function "${imported.name}" in "${imported.interface}"`,
    });
  });
}

function findFunction(host: HostInterface, imported: LinkedImport): HostFunction | undefined {
  const [, kind, resourceName = '', name = ''] = RESOURCE_FUNCTION.exec(imported.name) ?? [];
  if (kind === undefined) {
    const table = imported.onMemory === true ? host.functionsOnMemory : host.functions;
    return table && ownProperty(table, imported.name);
  }
  const resource = ownProperty(host.resources, resourceName);
  if (resource === undefined) return undefined;
  if (kind === 'method') {
    return methodOf(resource, `${camelCase(name)}${imported.onMemory === true ? ON_MEMORY : ''}`);
  }
  const takesGuest = host.constructible?.includes(resourceName) === true;
  if (kind === 'constructor') return constructorOf(resource, takesGuest, imported.parameters);
  const found = methodOn(resource, camelCase(name));
  if (found === undefined || takesGuest) return found?.bind(resource);
  return (_guest, ...parameters) => Reflect.apply(found, resource, parameters);
}

function constructorOf(
  resource: ResourceClass,
  takesGuest: boolean,
  parameters: number,
): HostFunction {
  const make = resource as unknown as new (...parameters: unknown[]) => object;
  if (!takesGuest) return (_guest, ...values) => new make(...values);
  // The usual numbers of parameters are spelled out: spreading costs more than the constructor.
  if (parameters === 0) return (guest) => new make(guest);
  if (parameters === 1) return (guest, first) => new make(guest, first);
  return (guest, ...values) => new make(guest, ...values);
}

function methodOf(resource: ResourceClass, name: string): HostFunction | undefined {
  let prototype: object | null = resource.prototype as object;
  while (prototype !== null && prototype !== Object.prototype) {
    const found = methodOn(prototype, name);
    if (found !== undefined) return name === 'constructor' ? undefined : found;
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  return undefined;
}

/** A function that the object itself has; what it inherits from JavaScript is not for guests. */
function methodOn(object: object, name: string): HostFunction | undefined {
  const value: unknown = Object.getOwnPropertyDescriptor(object, name)?.value;
  return typeof value === 'function' ? (value as HostFunction) : undefined;
}

function ownProperty<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
