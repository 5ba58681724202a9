/** A process that keeps worker threads, each with the Node server: `{ port }` starts one more. */
import { Worker } from 'node:worker_threads';
import { answerParent } from './answer-parent.ts';

/** Where the next one is to listen on 127.0.0.1. */
export interface ThreadQuestion {
  readonly port: number;
}

/** Threads that were started. */
export type ThreadAnswer = number;

const script = new URL('../peers/node-hello.js', import.meta.url);
const threads: Worker[] = [];

answerParent(
  'ready',
  ({ port }: ThreadQuestion): ThreadAnswer =>
    threads.push(new Worker(script, { workerData: port })),
  async () => void (await Promise.all(threads.map((thread) => thread.terminate()))),
);
