/** Reads the routes of a deployment and checks that they take no other function's own address. */
import { HostError } from '../base/errors.ts';
import type { FunctionName } from '../base/ids.ts';
import type { Route } from '../registry/model.ts';
import { parseRoute } from '../registry/parse-route.ts';

/**
 * Reads routes from text.
 *
 * @param name The function they lead to.
 * @param domain The configured domain: `x.<domain>` belongs to the function `x`.
 * @throws {invalid_route} If one has the wrong form, is there twice, or is another function's address.
 */
export function readRoutes(
  texts: readonly string[],
  name: FunctionName,
  domain: string,
): readonly Route[] {
  const routes = new Map<string, Route>();
  for (const text of texts) {
    const route = parseRoute(text);
    const reason = reasonToRefuse(route, name, domain);
    const key = `${route.host}${route.path}`;
    if (reason !== undefined || routes.has(key)) {
      throw new HostError('invalid_route', {
        value: text.slice(0, 200),
        reason: reason ?? 'it is there twice',
      });
    }
    routes.set(key, route);
  }
  return [...routes.values()];
}

function reasonToRefuse({ host }: Route, name: FunctionName, domain: string): string | undefined {
  if (host === `*.${domain}`) return `the names under ${domain} belong to the functions`;
  if (!host.endsWith(`.${domain}`) || host === `${name}.${domain}`) return undefined;
  return `that host belongs to the function "${host.slice(0, -domain.length - 1)}"`;
}
