/** The hello as a plain Node server: `node node-hello.js PORT`, or in a worker thread with `workerData` as port. */
import { createServer } from 'node:http';
import { workerData } from 'node:worker_threads';

createServer((_, response) => response.end('Hello from Rust\n')).listen(
  Number(workerData ?? process.argv[2]),
  '127.0.0.1',
);
