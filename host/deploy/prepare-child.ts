/**
 * Entry of the preparing process: takes one job, prepares it, leaves files in its scratch directory and
 * tells their digests. Started by `prepare-process.ts` with Node's permission model.
 */
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { toHostError } from '../base/errors.ts';
import { digestOf } from '../base/ids.ts';
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
    const bytes = await readFile(job.artifactPath);
    const { maxImports, engine, memoryBytes: trialMemoryBytes } = job;
    const options = { maxImports, engine, trialMemoryBytes };
    const { manifest, files, findings } = await prepare(bytes, options, (step) =>
      tell({ kind: 'step', step }),
    );
    for (const file of files) await writeFile(join(job.scratchPath, file.name), file.bytes);
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

function tell(message: PrepareMessage): void {
  process.send?.(message);
}
