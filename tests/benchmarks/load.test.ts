import { createServer, type RequestListener } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { FirstByteClient } from '../../benchmarks/kit/first-byte.ts';
import { LatencyHistogram } from '../../cli/bench/latency-histogram.ts';
import { encodeRequest } from '../../benchmarks/load/encode-request.ts';
import { generateLoad } from '../../benchmarks/load/generate-load.ts';
import { openLoader } from '../../benchmarks/load/loader.ts';

async function listen(t: Test, handler: RequestListener): Promise<number> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const request = encodeRequest('x.localhost', { method: 'POST', path: '/a?b', body: 'ünï' });
const brief = { request, connections: 4, warmUpMs: 20, durationMs: 150 };

t.test('the loader sends the request as it is and counts the answers', async (t) => {
  let served = 0;
  const port = await listen(t, (incoming, response) => {
    t.equal(incoming.url, '/a?b');
    t.equal(incoming.headers.host, 'x.localhost');
    incoming.setEncoding('utf8').once('data', (body) => t.equal(body, 'ünï'));
    incoming.on('end', () => response.end('ok'));
    served += 1;
  });
  const loader = await openLoader();
  t.teardown(() => loader.close());
  const { requests, requestsPerSecond, latencies } = await loader.ask({ port, ...brief });
  t.ok(requests > 0 && requests <= served);
  t.ok(requestsPerSecond > 0);
  const histogram = new LatencyHistogram();
  histogram.merge(latencies);
  t.ok(histogram.total > 0);
});

t.test('answers that take longer than the run are measured whole', async (t) => {
  const port = await listen(t, (_, response) => void setTimeout(() => response.end('ok'), 300));
  const { latencies } = await generateLoad({ port, ...brief });
  const histogram = new LatencyHistogram();
  histogram.merge(latencies);
  t.ok(histogram.total >= brief.connections);
  t.ok(histogram.percentile(0.5) > 290, 'no answer is missing because it was slow');
});

t.test('an answer that is not a 200 ends the run with an error', async (t) => {
  const port = await listen(t, (_, response) => response.writeHead(503).end());
  await t.rejects(generateLoad({ port, ...brief }), { message: /status 503/ });
  using client = new FirstByteClient(port);
  await t.rejects(client.measure(request), { message: /status 503/ });
});

t.test('a server that hangs up ends the run with an error', async (t) => {
  const port = await listen(t, (incoming) => void incoming.socket.destroy());
  await t.rejects(generateLoad({ port, ...brief }), { message: /Cannot load the server/ });
});

t.test('the first byte is told from the last', async (t) => {
  const port = await listen(t, (_, response) => {
    response.write('first');
    setTimeout(() => response.end('last'), 60);
  });
  using client = new FirstByteClient(port);
  await client.measure(request);
  const { firstByteMs, lastByteMs } = await client.measure(request);
  t.ok(firstByteMs > 0 && lastByteMs > firstByteMs + 50);
});

t.test('at a fixed rate, latencies count from when a request was to be sent', async (t) => {
  // One connection and answers after 20 ms: at 100 requests a second every one waits longer than the last.
  const port = await listen(t, (_, response) => void setTimeout(() => response.end('ok'), 20));
  const slow = { port, request, connections: 1, requestsPerSecond: 100, warmUpMs: 0 };
  const outcome = await generateLoad({ ...slow, durationMs: 500 });
  t.equal(outcome.requests, 50);
  const histogram = new LatencyHistogram();
  histogram.merge(outcome.latencies);
  t.ok(histogram.percentile(1) > 400, 'the last one has waited for all others');
  const many = await generateLoad({ ...slow, connections: 16, warmUpMs: 100, durationMs: 500 });
  t.equal(many.requests, 50, 'what warms up does not count');
  const spread = new LatencyHistogram();
  spread.merge(many.latencies);
  t.ok(spread.percentile(0.5) < 200, 'with enough connections none waits for another');
});

t.test('at a fixed rate, too, anything but a 200 ends the run with an error', async (t) => {
  const port = await listen(t, (_, response) => response.writeHead(503).end());
  const order = { port, request, connections: 2, requestsPerSecond: 100 };
  await t.rejects(generateLoad({ ...order, warmUpMs: 0, durationMs: 100 }), {
    message: /status 503/,
  });
});
