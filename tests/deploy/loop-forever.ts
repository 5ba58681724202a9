/** A parent that prepares a component whose start function never ends, and says when it has come to that. */
import { prepareInProcess } from '../../host/deploy/prepare-process.ts';

const [artifactPath = '', scratchPath = ''] = process.argv.slice(2);
const job = {
  artifactPath,
  scratchPath,
  memoryBytes: 2 ** 28,
  maxImports: 2000,
  engine: 'auto' as const,
};
const limits = { timeoutMs: 60_000, memoryBytes: 2 ** 31 };
const onStep = ({ step }: { step: string }): void => {
  if (step === 'rewrite') process.send?.('looping');
};
await prepareInProcess(job, limits, onStep, new AbortController().signal);
