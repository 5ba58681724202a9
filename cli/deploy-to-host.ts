/** One deployment, as `faas deploy` and `faas serve --examples` do it: measure, upload, deploy. */
import type { DeployResultView } from '../host/admin/views.ts';
import { HostError } from '../host/base/errors.ts';
import type { FunctionName } from '../host/base/ids.ts';
import { formatSize } from '../host/base/units.ts';
import type { ApiClient } from './api-client.ts';
import { ApiError } from './api-error.ts';
import type { DeployProgress } from './deploy-progress.ts';
import { readLocalFile, type LocalFile } from './local-file.ts';
import { readSnapshot, type DirectoryGrant } from './snapshot.ts';
import { uploadFiles } from './upload.ts';

/** What to deploy. */
export interface LocalDeployment {
  readonly name: FunctionName;
  /** The component or module. */
  readonly path: string;
  readonly directories: readonly DirectoryGrant[];
  /** What the admin API takes besides artifact, directories and files. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/**
 * Deploys and waits until the version is live.
 *
 * @throws {ApiError} If the host refuses.
 * @throws {file_unreadable} If a file cannot be sent.
 * @throws {snapshot_refused} If a directory cannot be taken along.
 */
export async function deployToHost(
  client: ApiClient,
  { name, path, directories, settings }: LocalDeployment,
  progress: DeployProgress,
): Promise<DeployResultView> {
  const { limits } = await client.call('GET /v1/host', {});
  const rules = { limitBytes: limits.artifactBytes, followLinks: true };
  const artifact = await readLocalFile(path, rules);
  const files = await readSnapshot(directories, limits);
  await upload(client, [artifact, ...files], progress);
  const json = {
    ...settings,
    artifact: artifact.digest,
    directories: directories.map(({ guestPath }) => guestPath),
    files: files.map(({ guestPath, digest, size, modifiedMs }) => ({
      path: guestPath,
      digest,
      size,
      modifiedMs,
    })),
  };
  const input = { params: { name }, json };
  for await (const line of client.callLines('POST /v1/functions/{name}/versions', input)) {
    if ('result' in line) return line.result;
    if ('error' in line) throw readError(line.error);
    await progress.step(line.step.step, line.step.ms, line.step.detail);
  }
  throw ended('it ended before the deployment');
}

async function upload(
  client: ApiClient,
  files: readonly LocalFile[],
  progress: DeployProgress,
): Promise<void> {
  const startedMs = performance.now();
  const { sentFiles, sentBytes } = await uploadFiles(client, files);
  const detail =
    sentFiles === 0
      ? 'the host has all of it'
      : `${formatSize(sentBytes)} in ${sentFiles} ${sentFiles === 1 ? 'file' : 'files'}`;
  await progress.step('upload', performance.now() - startedMs, detail);
}

function readError(error: { readonly status: number }): Error {
  return ApiError.read(error.status, error) ?? ended('it has an error without code');
}

function ended(reason: string): HostError {
  return new HostError('strange_answer', { url: 'the host', reason });
}
