/** Takes all file descriptors but `FREE` and prepares `ARTIFACT` with `SCRATCH`; prints `ok` or the code it failed with. */
import { closeSync, openSync } from 'node:fs';
import { HostError } from '../../host/base/errors.ts';
import { prepareInProcess } from '../../host/deploy/prepare-process.ts';

const [free = '0', artifactPath = '', scratchPath = ''] = process.argv.slice(2);
const job = {
  artifactPath,
  scratchPath,
  memoryBytes: 2 ** 28,
  maxImports: 2000,
  engine: 'auto',
} as const;
const limits = { timeoutMs: 20_000, memoryBytes: 2 ** 31 };

const taken: number[] = [];
try {
  for (;;) taken.push(openSync('/dev/null', 'r'));
} catch {
  // That was the last one.
}
for (const descriptor of taken.slice(0, Number(free))) closeSync(descriptor);

let end = 'ok';
try {
  await prepareInProcess(job, limits, () => {}, new AbortController().signal);
} catch (error) {
  end = error instanceof HostError ? error.code : String(error);
}
for (const descriptor of taken.slice(Number(free))) closeSync(descriptor);
process.stdout.write(`${end}\n`);
