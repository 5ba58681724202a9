/** Plain Fastify that answers what the measured functions answer: what the same machine does without a guest. */
import type { AddressInfo } from 'node:net';
import { fastify } from 'fastify';
import { answerParent } from '../kit/answer-parent.ts';
import { compute } from '../peers/compute.js';

const app = fastify();
app.addContentTypeParser(
  'application/octet-stream',
  { parseAs: 'buffer' },
  async (_request: unknown, body: Buffer) => body,
);
app.get('/', async (_request, reply) => {
  reply.type('text/plain; charset=utf-8');
  return 'Hello from Rust\n';
});
app.post('/json', async ({ body }) => body);
app.post('/body', async ({ body }, reply) => reply.type('application/octet-stream').send(body));
app.get<{ Querystring: { rounds: string } }>(
  '/cpu',
  async ({ query }) => `${compute(Number(query.rounds))}\n`,
);
await app.listen({ host: '127.0.0.1', port: 0 });
const { port } = app.server.address() as AddressInfo;
answerParent(
  port,
  () => undefined,
  () => app.close(),
);
