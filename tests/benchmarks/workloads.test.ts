import t from 'tap';
import { Child } from '../../benchmarks/kit/child.ts';
import { checkAnswer } from '../../benchmarks/kit/check-answer.ts';
import { WORKLOADS } from '../../benchmarks/kit/workloads.ts';

t.test(
  'what is measured has the size that is told, and cannot be answered without the work',
  async (t) => {
    const [, json, body] = WORKLOADS;
    t.equal(json?.request.body.length, 1024);
    t.equal(JSON.stringify(JSON.parse(json?.answer ?? '')), json?.answer);
    t.equal(body?.request.body.length, 65_536);
  },
);

t.test('plain Fastify answers every workload, and a wrong answer is told', async (t) => {
  const script = new URL('../../benchmarks/baselines/fastify-process.ts', import.meta.url);
  const fastify = await Child.start<number, never, never>(script);
  t.teardown(() => fastify.close());
  for (const { request, answer } of WORKLOADS) {
    await checkAnswer(fastify.ready, 'localhost', request, answer);
  }
  const [hello] = WORKLOADS;
  if (hello === undefined) throw new Error('there is no hello');
  const { request } = hello;
  await t.rejects(checkAnswer(fastify.ready, 'localhost', request, 'Hello'), {
    message: 'the answer to GET / was 200 "Hello from Rust\n"',
  });
  const missing = { ...request, path: '/none' };
  await t.rejects(checkAnswer(fastify.ready, 'localhost', missing, undefined), {
    message: / 404 /,
  });
});

t.test('the worker of workerd answers every workload', async (t) => {
  const { default: worker } = await import('../../benchmarks/peers/workerd-functions.js');
  for (const { name, request, answer } of WORKLOADS) {
    const { method, path, body } = request;
    const url = `http://localhost${path}`;
    const asked = new Request(url, { method, ...(method === 'POST' ? { body } : {}) });
    const response: Response = await worker.fetch(asked);
    t.equal(response.status, 200, name);
    t.equal(await response.text(), answer, name);
  }
});
