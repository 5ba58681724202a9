/** Plain Fastify that answers what `hello-rust` answers: what the same machine does without a guest. */
import type { AddressInfo } from 'node:net';
import { fastify } from 'fastify';
import { answerParent } from '../kit/answer-parent.ts';

const app = fastify();
app.get('/', async (_request, reply) => {
  reply.type('text/plain; charset=utf-8');
  return 'Hello from Rust\n';
});
await app.listen({ host: '127.0.0.1', port: 0 });
const { port } = app.server.address() as AddressInfo;
answerParent(
  port,
  () => undefined,
  () => app.close(),
);
