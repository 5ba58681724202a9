/**
 * The examples that are not committed because they hold an engine or a large library: a Hono application, a mux of
 * net/http, a JSON API in Python; built by the real toolchains. And that bodies flow through with little memory.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { request } from 'undici';
import { missingToolchain } from './toolchains.ts';
import { openRunningHost, type RunningHost } from '../e2e/running-host.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const JCO = join(ROOT, 'node_modules', '@bytecodealliance', 'jco', 'dist', 'jco.js');
const WORLD = join(ROOT, 'sdk', 'wit', 'function', 'world.wit');
const MIB = 1024 * 1024;
const STREAMED_BYTES = 100 * MIB;

t.setTimeout(900_000);

t.test(
  'a Hono application',
  { skip: missingToolchain(['npm'], 'npm'), timeout: 300_000 },
  async (t) => {
    const folder = await copyExample(t, 'hono-js');
    await cp(join(ROOT, 'sdk', 'js'), join(folder, 'faas'), { recursive: true });
    await cp(WORLD, join(folder, 'faas', 'world.wit'));
    await run(t, ['npm', 'install', '--no-audit', '--no-fund'], folder);
    await run(t, ['npm', 'test'], folder);
    await run(t, [process.execPath, 'faas/build.js', 'src/index.js', 'build/app.wasm'], folder);
    const [host, origin] = await deploy(t, join(folder, 'build', 'app.wasm'));

    t.equal((await host.call('/app/')).text, 'Hello from a test\n');
    const user = await host.call('/app/users/7?fields=a,b', { headers: { 'user-agent': 'tests' } });
    t.same(JSON.parse(user.text), { id: 7, fields: ['a', 'b'], agent: 'tests' });
    t.equal(user.headers['x-served-by'], 'hono');
    const order = await host.call('/app/orders', { method: 'POST', body: '{"tea": 2}' });
    t.same([order.status, JSON.parse(order.text)], [201, { tea: 2, accepted: true }]);
    t.equal((await host.call('/app/orders', { method: 'POST', body: '{' })).status, 400);
    const visit = await host.call('/app/visits', { headers: { cookie: 'a=b; visits=2' } });
    t.same(JSON.parse(visit.text), { visits: 3 });
    t.match(visit.headers['set-cookie'], /^visits=3; Path=\/; HttpOnly; SameSite=Lax$/);
    await checkStreaming(t, host, origin);
  },
);

t.test('a mux of net/http', { skip: missingToolchain(['go']), timeout: 300_000 }, async (t) => {
  const folder = join(ROOT, 'components', 'mux-go');
  const [core, file] = [join(t.testdir(), 'core.wasm'), join(t.testdirName, 'app.wasm')];
  const build = [
    'go',
    'build',
    '-trimpath',
    '-buildmode=c-shared',
    '-ldflags=-s -w',
    '-o',
    core,
    '.',
  ];
  await run(t, build, folder, { GOOS: 'wasip1', GOARCH: 'wasm' });
  const embed = ['embed', core, '--wit', WORLD, '--world-name', 'function', '-o', core];
  await run(t, [process.execPath, JCO, ...embed], folder);
  await run(t, [process.execPath, JCO, 'new', core, '--wasi-reactor', '-o', file], folder);
  const [host, origin] = await deploy(t, file);

  t.equal((await host.call('/app/')).text, 'Hello from a test\n');
  const user = await host.call('/app/users/7?field=a&field=b');
  t.same(JSON.parse(user.text), { id: 7, fields: ['a', 'b'] });
  t.equal(user.headers['x-served-by'], 'net/http');
  t.equal((await host.call('/app/users/x')).status, 400);
  t.equal((await host.call('/app/users/7', { method: 'DELETE' })).status, 405);
  const order = await host.call('/app/orders', { method: 'POST', body: '{"tea": 2}' });
  t.same([order.status, JSON.parse(order.text)], [201, { tea: 2, accepted: true }]);
  t.equal((await host.call('/app/orders', { method: 'POST', body: '{' })).status, 400);
  await checkStreaming(t, host, origin);
});

t.test(
  'a JSON API in Python',
  { skip: missingToolchain(['python3', 'componentize-py']), timeout: 300_000 },
  async (t) => {
    const folder = await copyExample(t, 'json-python');
    await cp(join(ROOT, 'sdk', 'python', 'faas.py'), join(folder, 'faas.py'));
    await run(t, ['python3', '-m', 'unittest', 'discover', 'tests', '-t', '.'], folder);
    const args = ['-d', WORLD, '-w', 'function', 'componentize', 'app', '-o', 'app.wasm'];
    await run(t, ['componentize-py', ...args], folder);
    const [host] = await deploy(t, join(folder, 'app.wasm'));

    t.same(JSON.parse((await host.call('/app/?name=you')).text), { hello: 'you' });
    t.same(JSON.parse((await host.call('/app/')).text), { hello: 'a test' });
    t.same(JSON.parse((await host.call('/app/users/7')).text), { id: 7 });
    const body = JSON.stringify({ items: [{ count: 2, cents: 150 }] });
    const order = await host.call('/app/orders', { method: 'POST', body });
    t.same(
      [order.status, JSON.parse(order.text)],
      [201, { ...JSON.parse(body), total_cents: 300 }],
    );
    t.equal((await host.call('/app/orders', { method: 'POST', body: '{}' })).status, 400);
    t.equal((await host.call('/app/ticks')).text, '{"tick": 0}\n{"tick": 1}\n{"tick": 2}\n');
    t.equal((await host.call('/app/nothing')).status, 404);
  },
);

t.test(
  'an ASGI application',
  { skip: missingToolchain(['python3', 'componentize-py']), timeout: 300_000 },
  async (t) => {
    const folder = join(t.testdir({}), 'asgi');
    await cp(join(ROOT, 'tests', 'sdk', 'asgi'), folder, { recursive: true });
    await cp(join(ROOT, 'sdk', 'python', 'faas.py'), join(folder, 'faas.py'));
    const args = ['-d', WORLD, '-w', 'function', 'componentize', 'app', '-o', 'app.wasm'];
    await run(t, ['componentize-py', ...args], folder);
    const [host] = await deploy(t, join(folder, 'app.wasm'));

    const answer = await host.call('/app/a%20b?q=1', { method: 'POST', body: 'body' });
    t.same([answer.status, answer.headers['x-query']], [201, 'q=1']);
    t.equal(answer.text, 'tick 1\ntick 2\nPOST /a b body a test', 'timers run beside each other');
    t.equal((await host.call('/app/fail')).status, 500);
    t.match(await host.logs('app'), /ValueError: a reason/);
  },
);

t.test('100 MB flow through a Rust handler of 8 MiB', { timeout: 120_000 }, async (t) => {
  const host = await openRunningHost(t, {
    config: { defaults: { requestBodyBytes: '128MiB' } },
  });
  const bytes = await readFile(join(ROOT, 'components', 'echo-rust.wasm'));
  await host.deploy('echo', bytes, {
    limits: { memoryBytes: 8 * MIB, timeoutMs: 100_000, cpuMs: 50_000 },
  });
  const [sent, received] = [createHash('sha256'), createHash('sha256')];
  async function* body(): AsyncGenerator<Buffer, void, void> {
    for (let at = 0; at < STREAMED_BYTES; at += MIB) {
      const part = Buffer.alloc(MIB, `part ${at} `);
      sent.update(part);
      yield part;
    }
  }
  const answer = await request(`${host.dataUrl}/echo/`, {
    method: 'POST',
    body: Readable.from(body()),
  });
  let length = 0;
  for await (const part of answer.body as AsyncIterable<Buffer>) {
    received.update(part);
    length += part.length;
  }
  t.same([answer.statusCode, length], [200, STREAMED_BYTES]);
  t.equal(received.digest('hex'), sent.digest('hex'));
});

/** What the Hono and the Go example have in common. */
async function checkStreaming(t: Test, host: RunningHost, origin: string): Promise<void> {
  t.equal((await host.call('/app/ticks')).text, 'tick 0\ntick 1\ntick 2\n');
  const body = Buffer.alloc(4 * MIB, 'streamed ');
  const echo = await host.call('/app/echo', { method: 'POST', body });
  t.ok(echo.text === body.toString(), 'a body comes back as it was');
  const fetched = await host.call(`/app/proxy?url=${encodeURIComponent(`${origin}/x`)}`);
  t.same([fetched.status, fetched.text], [203, 'GET /x'], await host.logs('app'));
  const denied = await host.call(`/app/proxy?url=${encodeURIComponent('http://10.1.2.3/')}`);
  t.ok(denied.status >= 500, 'a host that was not granted is not reached');
}

/** Deploys, with a server that it may reach. */
async function deploy(t: Test, file: string): Promise<[RunningHost, string]> {
  const server = createServer((incoming, answer) => {
    answer.writeHead(203, { 'content-type': 'text/plain' });
    answer.end(`${incoming.method} ${incoming.url}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const authority = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const host = await openRunningHost(t, { dataDir: join(t.testdirName, 'data') });
  await host.deploy('app', await readFile(file), {
    environment: [['NAME', 'a test']],
    allowedHosts: [authority],
  });
  return [host, `http://${authority}`];
}

async function copyExample(t: Test, name: string): Promise<string> {
  const folder = join(t.testdir({}), name);
  await mkdir(folder, { recursive: true });
  await cp(join(ROOT, 'components', name), folder, { recursive: true });
  return folder;
}

async function run(
  t: Test,
  [program = '', ...args]: readonly string[],
  cwd: string,
  variables: Record<string, string> = {},
): Promise<void> {
  const {
    NODE_OPTIONS: _options,
    TAP: _tap,
    NODE_TEST_CONTEXT: _context,
    ...inherited
  } = process.env;
  const env = { ...inherited, ...variables };
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const said: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => said.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => said.push(bytes));
  const [code] = (await once(child, 'close')) as [number | null];
  t.equal(code, 0, `${program} ${args.join(' ')}: ${Buffer.concat(said).toString().slice(-4000)}`);
}
