/**
 * The functions that are measured, as a worker of workerd: the workloads of `components/workloads-rust`, and the
 * troublemakers of the suite `fairness` by the paths of `tests/guests/misbehave`.
 */
import { compute } from './compute.js';

const CHUNK_BYTES = 64 * 1024;
const MIB = 2 ** 20;
const TEXT = { headers: { 'content-type': 'text/plain; charset=utf-8' } };

export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    const mib = Number(searchParams.get('mib') ?? 0);
    switch (pathname) {
      case '/json':
        return Response.json(await request.json());
      case '/body':
        return new Response(await request.arrayBuffer(), {
          headers: { 'content-type': 'application/octet-stream' },
        });
      case '/cpu':
        return new Response(`${compute(Number(searchParams.get('rounds') ?? 0))}\n`, TEXT);
      case '/spin':
        for (;;);
      case '/grow':
        return new Response(`${new Uint8Array(mib * MIB).fill(1).length / MIB}\n`, TEXT);
      case '/huge':
        return new Response(streamOf(mib * MIB));
      default:
        return new Response('Hello from Rust\n', TEXT);
    }
  },
};

function streamOf(bytes) {
  let left = bytes;
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(new Uint8Array(Math.min(CHUNK_BYTES, left)));
      left -= CHUNK_BYTES;
      if (left <= 0) controller.close();
    },
  });
}
