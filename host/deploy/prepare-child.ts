/**
 * Entry of the preparing process: takes one job, prepares it, leaves files in its scratch directory and
 * tells their digests. Started by `prepare-process.ts` with Node's permission model.
 */
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { HostError, toHostError } from '../base/errors.ts';
import { digestOf } from '../base/ids.ts';
import { damageOf, toStorageError } from '../storage/storage-error.ts';
import { prepare } from './prepare.ts';
import type { PrepareJob, PrepareMessage } from './prepare-process.ts';

// A terminal's Ctrl-C goes to the whole group; the parent decides when this process ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const watcher = new Worker(new URL(`./end-with-parent.${extension}`, import.meta.url), {
  workerData: Number(process.argv[2]),
});
// The thread that preview2-shim starts when it is loaded runs by now; no further one may start.
process.permission.drop('worker');

// A guest's start function may loop as soon as the job is begun, and a thread needs this one to start.
const watched = once(watcher, 'message');
process.once('message', (job: PrepareJob) => {
  void watched
    .then(() => run(job))
    // The parent ends this process when it has the message.
    .then((message) => process.send?.(message));
});

async function run(job: PrepareJob): Promise<PrepareMessage> {
  try {
    const bytes = await readArtifact(job);
    const { manifest, files, findings } = await prepare(bytes, job, (step) =>
      tell({ kind: 'step', step }),
    );
    for (const { name, bytes: contents } of files) {
      await storing('store', 'prepared file', writeFile(join(job.scratchPath, name), contents));
    }
    const digests = files.map(({ name, bytes: contents }) => ({
      name,
      digest: digestOf(contents),
    }));
    return { kind: 'done', manifest, files: digests, findings };
  } catch (error) {
    const { code, fields } = toHostError(error);
    return { kind: 'refused', code, fields };
  }
}

/** Checked here and not by the parent: what is prepared is what was read by this very process. */
async function readArtifact({ artifact, artifactPath }: PrepareJob): Promise<Uint8Array> {
  const bytes = await readFile(artifactPath).catch((error: unknown) => {
    const damage = damageOf(error);
    if (damage === undefined) throw toStorageError(error, 'read', artifact ?? artifactPath);
    const digest = artifact ?? artifactPath;
    throw new HostError('artifact_corrupt', { digest, reason: damage }, { cause: error });
  });
  if (artifact === undefined || digestOf(bytes) === artifact) return bytes;
  const reason = 'its bytes have changed since they were stored';
  throw new HostError('artifact_corrupt', { digest: artifact, reason });
}

async function storing<T>(action: string, value: string, task: Promise<T>): Promise<T> {
  try {
    return await task;
  } catch (error) {
    throw toStorageError(error, action, value);
  }
}

function tell(message: PrepareMessage): void {
  process.send?.(message);
}
