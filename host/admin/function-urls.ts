/** Where a function answers: under its own host, under its path prefix, and by its routes; and what is shown with it. */
import type { FunctionName } from '../base/ids.ts';
import type { DeployResult } from '../deploy/deployer.ts';
import type { Route } from '../registry/model.ts';
import type { AdminParts } from './admin-parts.ts';
import { viewVersion, type DeployResultView } from './views.ts';

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

/** Shows what a deployment came to. */
export function viewDeployment(
  { version, result, kind, findings }: DeployResult,
  routes: readonly Route[],
  { config, dataUrl }: Pick<AdminParts, 'config' | 'dataUrl'>,
): DeployResultView {
  return {
    result,
    kind,
    findings,
    version: viewVersion(version, version.number),
    urls: listFunctionUrls(version.function, routes, dataUrl(), config.domain),
  };
}
