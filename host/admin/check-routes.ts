/** Checks the routes of a deployment: their form, and that they take no other function's own address. */
import { HostError } from '../base/errors.ts';
import type { FunctionName } from '../base/ids.ts';
import type { Route } from '../registry/model.ts';

const LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
const HOST = new RegExp(`^(\\*|(\\*\\.)?${LABEL}(\\.${LABEL})*|\\[[0-9a-f:.]+\\])$`);
/** Visible ASCII without what a path cannot hold or means a query; `*` only at the end, after a slash. */
const PATH = /^\/(?:[!$&-)+-;=@-Z_a-z~]|%[0-9A-Fa-f]{2})*$/;

/**
 * Checks routes.
 *
 * @param name The function they lead to.
 * @param domain The configured domain: `x.<domain>` belongs to the function `x`.
 * @throws {invalid_route} If one has the wrong form, is there twice, or is another function's address.
 */
export function checkRoutes(routes: readonly Route[], name: FunctionName, domain: string): void {
  const seen = new Set<string>();
  for (const { host, path } of routes) {
    const text = `${host === '*' ? '' : host}${path}`.slice(0, 200);
    const refuse = (reason: string): never => {
      throw new HostError('invalid_route', { value: text, reason });
    };
    if (!HOST.test(host)) refuse('its host is not a lower-case name without port, "*" or "*.name"');
    if (!PATH.test(path.endsWith('/*') ? path.slice(0, -1) : path)) {
      refuse('its path does not start with "/", or has "*" elsewhere than in a last "/*"');
    }
    if (path.split('/').some((part) => part === '.' || part === '..')) {
      refuse('its path has "." or ".."');
    }
    if (host === `*.${domain}`) refuse(`the names under ${domain} belong to the functions`);
    if (host.endsWith(`.${domain}`) && host !== `${name}.${domain}`) {
      refuse(`that host belongs to the function "${host.slice(0, -domain.length - 1)}"`);
    }
    if (seen.has(text)) refuse('it is there twice');
    seen.add(text);
  }
}
