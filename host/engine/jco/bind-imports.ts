/**
 * Host interfaces in our written shape → the import object that jco's generated code reads: interface
 * name without version → functions in camelCase and resource classes in PascalCase.
 *
 * Resource classes are the same for all instances. Free functions and the constructors of some resources
 * act for a guest, so they are bound once for each instance; names are resolved once for each module.
 */
import { bindResource } from '../../component/bind-resource.ts';
import type { HostFunction, HostInterface, ResourceClass } from '../../component/host-interface.ts';

/** Makes the import object of one instance. */
export type BindImports = (guest: object) => Readonly<Record<string, object>>;

/**
 * Resolves names ahead of time.
 *
 * @param interfaces Those the component imports; each name once.
 */
export function buildImports(interfaces: readonly HostInterface[]): BindImports {
  const plans = interfaces.map((host) => ({
    name: host.name,
    classes: Object.fromEntries(
      Object.entries(host.resources).map(([name, resource]) => [pascalCase(name), resource]),
    ),
    constructible: (host.constructible ?? []).flatMap((name): [string, ResourceClass][] => {
      const resource = host.resources[name];
      return resource === undefined ? [] : [[pascalCase(name), resource]];
    }),
    functions: Object.entries(host.functions).map(
      ([name, implementation]): readonly [string, HostFunction] => [
        camelCase(name),
        implementation,
      ],
    ),
  }));
  return (guest) => {
    const imports: Record<string, object> = {};
    for (const plan of plans) {
      const bound: Record<string, unknown> = { ...plan.classes };
      for (const [name, resource] of plan.constructible)
        bound[name] = bindResource(resource, guest);
      for (const [name, implementation] of plan.functions) {
        bound[name] = (...parameters: unknown[]) => implementation(guest, ...parameters);
      }
      imports[plan.name] = bound;
    }
    return imports;
  };
}

/** `get-stdout` → `getStdout`. */
export function camelCase(name: string): string {
  return name.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** `input-stream` → `InputStream`. */
function pascalCase(name: string): string {
  const camel = camelCase(name);
  return camel.charAt(0).toUpperCase() + camel.slice(1);
}
