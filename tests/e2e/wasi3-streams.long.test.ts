/** A large body through functions of WASI 0.3: both directions at once, in constant memory of host and guest. */
import { request } from 'node:http';
import t from 'tap';
import { example, misbehave3 } from '../guests/guests.ts';
import { openRunningHost } from './running-host.ts';

const TOTAL_BYTES = 100 * 2 ** 20;
const PIECE = Buffer.alloc(65_536, 'x');
/** Most that the process may grow while the body passes: buffers of sockets, and garbage not yet collected. */
const MOST_GROWTH_BYTES = 64 * 2 ** 20;

for (const [what, bytes, path] of [
  ['hands on', () => example('echo-p3-rust'), '/'],
  ['copies', misbehave3, '/copy'],
] as const) {
  t.test(`100 MB pass through a function that ${what} what comes`, async (t) => {
    const host = await openRunningHost(t);
    const limits = {
      timeoutMs: 120_000,
      cpuMs: 100_000,
      memoryBytes: 16 * 2 ** 20,
      requestBodyBytes: 2 * TOTAL_BYTES,
      responseBodyBytes: 2 * TOTAL_BYTES,
    };
    await host.deploy('echo', bytes(), { limits });
    t.equal(await echo(`${host.dataUrl}/echo${path}`), TOTAL_BYTES, 'once for V8 and the buffers');
    const before = process.memoryUsage.rss();
    let most = before;
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 20);
    t.teardown(() => clearInterval(watch));
    const started = performance.now();
    t.equal(await echo(`${host.dataUrl}/echo${path}`), TOTAL_BYTES);
    const seconds = (performance.now() - started) / 1000;
    t.comment(
      `${((most - before) / 2 ** 20).toFixed(0)} MiB more, ${(100 / seconds).toFixed(0)} MiB/s`,
    );
    t.ok(most - before < MOST_GROWTH_BYTES, `the process grew by ${most - before} bytes`);
  });
}

t.test('a client that does not read stops the one that writes', async (t) => {
  const host = await openRunningHost(t);
  await host.deploy('large', misbehave3(), {
    limits: { timeoutMs: 3000, cpuMs: 3000, responseBodyBytes: 2 * TOTAL_BYTES },
  });
  const client = await host.connect(t);
  client.socket.pause();
  client.send(`GET /large/large?${TOTAL_BYTES} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await host.untilMetric(
    'faas_invocations_total{function="large",version="1",trigger="http",outcome="timeout"}',
    1,
  );
  t.ok(client.socket.bytesRead < TOTAL_BYTES / 4, `${client.socket.bytesRead} bytes were taken`);
});

/** Sends and reads at once. @returns Bytes that came back. */
function echo(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let received = 0;
    const exchange = request(url, { method: 'POST' }, (response) => {
      response.on('data', (piece: Buffer) => (received += piece.length));
      response.on('end', () => resolve(received));
      response.on('error', reject);
    });
    exchange.on('error', reject);
    let sent = 0;
    const write = (): void => {
      while (sent < TOTAL_BYTES) {
        sent += PIECE.length;
        if (exchange.write(PIECE)) continue;
        exchange.once('drain', write);
        return;
      }
      exchange.end();
    };
    write();
  });
}
