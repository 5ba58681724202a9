/**
 * Entry of the preparing process: takes one job, prepares it, leaves files in its scratch directory and
 * tells their digests. Started by `prepare-process.ts` with Node's permission model.
 */
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
new Worker(new URL(`./end-with-parent.${extension}`, import.meta.url));
// The thread that preview2-shim starts when it is loaded runs by now; no further one may start.
process.permission.drop('worker');

process.once('message', (job: PrepareJob) => {
  void run(job).then((message) => {
    // The parent ends this process when it has the message.
    process.send?.(message);
  });
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
