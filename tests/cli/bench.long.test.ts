/** `faas bench` against servers whose behaviour is known, and against a real host for the host's own figures. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { openHarness } from '../admin/harness.ts';
import { openRunningHost } from '../e2e/running-host.ts';
import { example } from '../guests/guests.ts';
import { createCertificate } from '../http/test-certificate.ts';
import { runHere, startFaas, type FaasRun } from './run-faas.ts';

interface World {
  readonly environment: Readonly<Record<string, string>>;
  readonly evicted: readonly string[];
  readonly url: string;
  /** Runs in this process, without warm-up, and prints JSON. */
  bench(...args: string[]): Promise<FaasRun>;
}

/** A host on which `app` is deployed, and a server in the place of its data plane. */
async function openWorld(t: Test, handler: RequestListener, isTls = false): Promise<World> {
  const harness = await openHarness(t);
  await harness.deploy('app');
  const server = isTls ? createTlsServer(createCertificate(), handler) : createServer(handler);
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `${isTls ? 'https' : 'http'}://127.0.0.1:${port}/app/`;
  const environment = { FAAS_ADMIN_URL: harness.url, FAAS_DATA_DIR: harness.dataDir };
  const common = ['bench', 'app', '--url', url, '--warm-up', '0ms', '--format', 'json'];
  return {
    environment,
    evicted: harness.evicted,
    url,
    bench: (...args) => runHere([...common, ...args], environment),
  };
}

t.test('a closed loop counts every answer and says how long they took', async (t) => {
  const seen: string[] = [];
  const { bench } = await openWorld(t, (incoming, response) => {
    seen.push(`${incoming.method} ${incoming.url} ${String(incoming.headers['x-a'])}`);
    setTimeout(() => response.end('ok'), 20);
  });
  const flags = ['--connections', '4', '--duration', '300ms', '-H', 'x-a: 1', '-d', 'body'];
  const run = await bench(...flags, '/p?q');
  t.match(run, { code: 0, stderr: '' });
  const report = JSON.parse(run.stdout);
  t.match(report, { function: 'app', version: 1, mode: 'closed', connections: 4, errors: {} });
  t.equal(report.requests, seen.length, 'what is under way at the end is waited for');
  t.same(report.statuses, { 200: seen.length });
  t.same([...new Set(seen)], ['POST /app/p?q 1']);
  const { least, p50, p99, p99_9: tail, most } = report.latencyMs;
  t.ok(least >= 19 && least <= p50 && p50 <= p99 && p99 <= tail && tail <= most);
  const rows = report.histogram as { count: number }[];
  t.equal(
    rows.reduce((sum, { count }) => sum + count, 0),
    seen.length,
  );
  t.ok(report.requestsPerSecond <= 4 * 50 * 1.05, 'four at a time, 20 ms each');
});

t.test('at a rate every request is sent, and latencies count from when it was due', async (t) => {
  const { bench } = await openWorld(t, (_, response) => void setTimeout(() => response.end(), 20));
  const flags = ['--rate', '100', '--duration', '500ms'];
  const slow = JSON.parse((await bench(...flags, '--connections', '1')).stdout);
  t.match(slow, { mode: 'open', rate: 100, requests: 50, unanswered: 0 });
  t.ok(slow.latencyMs.most > 400, 'the last one has waited for all others');
  const wide = JSON.parse((await bench(...flags)).stdout);
  t.match(wide, { requests: 50, connections: 100 });
  t.ok(wide.latencyMs.p50 < 200);
});

t.test('errors are counted by status and code, and by what broke', async (t) => {
  let served = 0;
  const { bench } = await openWorld(t, (incoming, response) => {
    served += 1;
    if (served % 4 === 0) incoming.socket.destroy();
    else if (served % 4 === 1) {
      response.writeHead(503).end(JSON.stringify({ error: { code: 'overloaded' } }));
    } else if (served % 4 === 2) response.writeHead(404).end();
    else response.setHeader('connection', 'close').end('ok');
  });
  const run = await bench('--connections', '2', '--duration', '400ms');
  t.equal(run.code, 0, 'some were answered');
  const { requests, statuses, errors } = JSON.parse(run.stdout);
  t.ok(requests > 0);
  t.equal(statuses[200], requests);
  t.equal(errors['503 overloaded'], statuses[503]);
  t.equal(errors[404], statuses[404]);
  const broken = errors['the server closed the connection'] ?? errors.ECONNRESET;
  t.ok(broken > 0);
  const table = await bench('--connections', '2', '--duration', '100ms', '--format', 'table');
  t.match(table.stdout, /^ {2}error +503 overloaded: \d+$/m);
  t.match(table.stdout, /^ {2}p99\.9 +/m);
  t.match(table.stdout, /█/);
});

t.test(
  'a function that never succeeds ends with 7, a server that is not there with 5',
  async (t) => {
    const { bench } = await openWorld(t, (_, response) => response.writeHead(500).end());
    const run = await bench('--duration', '50ms');
    t.equal(run.code, 7);
    const report = JSON.parse(run.stdout);
    t.equal(report.requests, 0);
    t.notOk('latencyMs' in report);
    t.match(await bench('--url', 'http://127.0.0.1:1/'), {
      code: 5,
      stderr: /Cannot reach the host at \\"http:\/\/127.0.0.1:1\/\\": .*ECONNREFUSED.*--url/,
    });
  },
);

t.test('cold starts: the host lets go of the module before each request', async (t) => {
  const order: string[] = [];
  const { bench, evicted } = await openWorld(t, (_, response) => {
    order.push(`served after ${evicted.length}`);
    response.end('ok');
  });
  const report = JSON.parse((await bench('--cold', '--duration', '100ms')).stdout);
  t.equal(report.mode, 'cold');
  t.equal(report.requests, evicted.length - 1, 'the first one is not counted');
  t.same(
    order,
    evicted.map((_, index) => `served after ${index + 1}`),
  );
});

t.test('a certificate that nobody vouches for needs --insecure', async (t) => {
  const { bench } = await openWorld(t, (_, response) => response.end('ok'), true);
  t.match(await bench('--duration', '50ms'), {
    code: 5,
    stderr: /its certificate is not trusted .*--insecure/,
  });
  const run = await bench('--duration', '50ms', '--insecure');
  t.equal(run.code, 0, run.stderr);
  t.ok(JSON.parse(run.stdout).requests > 0);
});

t.test('Ctrl-C ends it with what was measured so far', async (t) => {
  const served = Promise.withResolvers<void>();
  let count = 0;
  const { environment, url } = await openWorld(t, (_, response) => {
    count += 1;
    // The last ones never get an answer: they are not waited for.
    if (count < 50) response.end('ok');
    else served.resolve();
  });
  const flags = ['--url', url, '--warm-up', '0ms', '--duration', '60s', '--format', 'json'];
  const child = startFaas(['bench', 'app', ...flags], { environment });
  const output = Promise.all([text(child.stdout), once(child, 'close')]);
  await served.promise;
  child.kill('SIGINT');
  const [stdout, [code]] = await output;
  t.equal(code, 130);
  t.match(JSON.parse(stdout), { interrupted: true, requests: 49 });
});

t.test('what cannot be sent or does not go together is refused', async (t) => {
  const { bench } = await openWorld(t, (_, response) => response.end());
  for (const [flags, stderr] of [
    [['--cold', '--rate', '5'], /Cannot use --rate \\"5\\": cold starts/],
    [['--cold', '--connections', '5'], /Cannot use --connections \\"5\\"/],
    [['--connections', '0'], /not a number from 1 to 10000/],
    [['--duration', '2h'], /longer than an hour/],
    [['--duration', 'long'], /invalid_duration/],
    [['--url', 'ftp://x/'], /no http or https URL/],
    [['/two words'], /Cannot use PATH/],
    [['-X', 'HEAD'], /Cannot use --method \\"HEAD\\"/],
    [['-H', 'Content-Length: 5'], /the loader sets this field itself/],
  ] as const) {
    t.match(await bench(...flags), { code: 2, stdout: '', stderr }, flags.join(' '));
  }
});

t.test('kinds of start, CPU and memory of a call are those of the host', async (t) => {
  const host = await openRunningHost(t);
  await host.deploy('hello', example('hello-rust'));
  const environment = { FAAS_ADMIN_URL: host.adminUrl, FAAS_DATA_DIR: host.dataDir };
  const flags = ['--duration', '200ms', '--warm-up', '0ms', '--connections', '2'];
  const run = await runHere(['bench', 'hello', ...flags, '--format', 'json'], environment);
  t.equal(run.code, 0, run.stderr);
  const { requests, host: figures } = JSON.parse(run.stdout);
  t.ok(requests > 0);
  t.equal(figures.calls, requests);
  t.same(figures.outcomes, { ok: requests });
  const { cold, warm } = figures.starts;
  t.ok(cold >= 1);
  t.equal(cold + warm, requests);
  t.ok(figures.cpuMs.mean > 0 && figures.cpuMs.p50AtMost > 0);
  t.ok(figures.memoryBytes.mean >= 65_536);
  t.ok(figures.startMs.cold.total >= figures.startMs.cold.compile);
});
