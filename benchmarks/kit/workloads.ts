/** What `throughput` loads every side with: requests, what must be answered, and the component that does it. */
import { fileURLToPath } from 'node:url';
import { compute } from '../peers/compute.js';
import type { ExampleRequest } from './examples.ts';

/** Some work. */
export interface Workload {
  readonly name: 'hello' | 'json' | 'body' | 'cpu';
  /** For people. */
  readonly what: string;
  /** Name of the component in `components/`. */
  readonly component: 'hello-rust' | 'workloads-rust';
  readonly request: ExampleRequest;
  /** The whole body of the answer. */
  readonly answer: string;
}

const DOCUMENT_BYTES = 1024;
const BODY_BYTES = 64 * 1024;
/** About 1 ms of CPU time of an optimised loop, on the machine where this was written. */
const ROUNDS = 600_000;

const DOCUMENT = createDocument();
const BODY = 'x'.repeat(BODY_BYTES);

/** All of them; `hello` is what the others are compared with. */
export const WORKLOADS: readonly Workload[] = [
  {
    name: 'hello',
    what: 'hello',
    component: 'hello-rust',
    request: { method: 'GET', path: '/', body: '' },
    answer: 'Hello from Rust\n',
  },
  {
    name: 'json',
    what: 'JSON of 1 KB, parsed and written anew',
    component: 'workloads-rust',
    request: { method: 'POST', path: '/json', body: DOCUMENT, contentType: 'application/json' },
    answer: DOCUMENT,
  },
  {
    name: 'body',
    what: '64 KB, read and given back',
    component: 'workloads-rust',
    request: {
      method: 'POST',
      path: '/body',
      body: BODY,
      contentType: 'application/octet-stream',
    },
    answer: BODY,
  },
  {
    name: 'cpu',
    what: `1 ms of CPU time (${ROUNDS} rounds of xorshift)`,
    component: 'workloads-rust',
    request: { method: 'GET', path: `/cpu?rounds=${ROUNDS}`, body: '' },
    answer: `${compute(ROUNDS)}\n`,
  },
];

/** Path of a component that is committed. */
export function componentPath(name: string): string {
  return fileURLToPath(new URL(`../../components/${name}.wasm`, import.meta.url));
}

/** An order of exactly that size, keys in the order of the alphabet: whoever sorts them answers the same bytes. */
function createDocument(): string {
  const items = Array.from({ length: 10 }, (_, index) => ({
    count: index + 1,
    name: `article ${index}`,
    price: 1.25 + index,
    tags: ['new', 'sale'],
  }));
  const base = { customer: 'Ada', id: 4711, items, note: '', paid: false };
  const room = DOCUMENT_BYTES - JSON.stringify(base).length;
  return JSON.stringify({ ...base, note: 'n'.repeat(room) });
}
