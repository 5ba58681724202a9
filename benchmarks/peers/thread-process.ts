/** A process that starts worker threads with the Node server when it is asked: `{ port }` starts one, `{}` ends it. */
import { Worker } from 'node:worker_threads';
import { answerParent } from '../kit/answer-parent.ts';

let worker: Worker | undefined;

answerParent(
  'ready',
  async ({ port }: { port?: number }) => {
    await worker?.terminate();
    worker =
      port === undefined
        ? undefined
        : new Worker(new URL('./node-hello.js', import.meta.url), { workerData: port });
  },
  async () => void (await worker?.terminate()),
);
