/** Sends local files to the host by digest; what it has already is not sent again. */
import type { ApiClient } from './api-client.ts';
import { streamLocalFile, type LocalFile } from './local-file.ts';
import { mapLimited } from './map-limited.ts';

const SENDERS = 4;

/** What was sent and what was there. */
export interface UploadSummary {
  readonly sentFiles: number;
  readonly sentBytes: number;
}

/** Uploads files; the same content is sent once. */
export async function uploadFiles(
  client: ApiClient,
  files: readonly LocalFile[],
): Promise<UploadSummary> {
  const distinct = [...new Map(files.map((file) => [file.digest, file])).values()];
  const sent = await mapLimited(distinct, SENDERS, async (file) => {
    if (await client.has(file.digest)) return [];
    const { digest, size: byteLength } = file;
    const input = { params: { digest }, bytes: streamLocalFile(file), byteLength };
    await client.call('PUT /v1/artifacts/{digest}', input, { patient: true });
    return [file.size];
  });
  const sizes = sent.flat();
  return { sentFiles: sizes.length, sentBytes: sizes.reduce((sum, size) => sum + size, 0) };
}
