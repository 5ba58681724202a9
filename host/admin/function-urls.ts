/** Where a function answers: under its own host, under its path prefix, and by its routes. */
import type { FunctionName } from '../base/ids.ts';
import type { Route } from '../registry/model.ts';

/**
 * Lists the URLs of a function, ones that can be called as they are first.
 *
 * @param dataUrl Base URL of the data plane, `http://127.0.0.1:8080`; undefined before it listens.
 * @param domain The configured domain.
 */
export function listFunctionUrls(
  name: FunctionName,
  routes: readonly Route[],
  dataUrl: string | undefined,
  domain: string,
): readonly string[] {
  if (dataUrl === undefined) return [];
  const base = new URL(dataUrl);
  const port = base.port === '' ? '' : `:${base.port}`;
  return [
    `${base.origin}/${name}/`,
    `${base.protocol}//${name}.${domain}${port}/`,
    ...routes.map(({ host, path }) =>
      host === '*' ? `${base.origin}${path}` : `${base.protocol}//${host}${port}${path}`,
    ),
  ];
}
