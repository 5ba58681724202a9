import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { parseFunctionName, type RequestId } from '../../host/base/ids.ts';
import { BAD_WASM, NOT_WASM, openHarness, WASM, type AdminHarness } from '../admin/harness.ts';
import { runFaas, runHere, startFaas, type FaasRun } from './run-faas.ts';

/** A host, a folder with files to deploy, and `faas` that knows both. */
interface World extends AdminHarness {
  readonly dir: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Runs in this process. */
  faas(...args: string[]): Promise<FaasRun>;
}

async function openWorld(
  t: Test,
  overrides: Readonly<Record<string, unknown>> = {},
): Promise<World> {
  const dir = t.testdir({ 'Hello_World.wasm': WASM, 'text.wasm': NOT_WASM, 'bad.wasm': BAD_WASM });
  const harness = await openHarness(t, overrides, join(dir, 'data'));
  const environment = { FAAS_ADMIN_URL: harness.url, FAAS_DATA_DIR: harness.dataDir };
  return { ...harness, dir, environment, faas: (...args) => runHere(args, environment) };
}

t.test('a function is deployed, listed, described, called, rolled back and deleted', async (t) => {
  const { dir, environment } = await openWorld(t);
  const faas = (...args: string[]): Promise<FaasRun> => runFaas(args, { environment, cwd: dir });
  const deployed = await faas('deploy', 'Hello_World.wasm', '--env', 'A=1');
  t.equal(deployed.code, 0);
  t.match(deployed.stderr, /^upload +[\d.]+ \S+ {2}\d+ B in 1 file\nread .*\nactivate .*\n$/);
  t.match(deployed.stdout, /^hello-world version 1 is live\n/);
  t.match(deployed.stdout, /^ {2}url +http:\/\/127.0.0.1:8080\/hello-world\/$/m);
  t.match(deployed.stdout, /^ {2}found +imports wasi:http/m);
  const again = await faas('deploy', 'Hello_World.wasm', '--env', 'A=1', '--quiet');
  t.match(again, {
    code: 0,
    stderr: '',
    stdout: /^hello-world version 1 is live already: nothing/,
  });
  t.equal((await faas('deploy', 'Hello_World.wasm', '-q', '--memory', '1MiB')).code, 0);
  const listed = await faas('list');
  t.match(listed.stdout, /^NAME +VERSION +KIND +UPDATED +URL\nhello-world +2 +http +\S+Z +http:/);
  t.match((await faas('describe', 'hello-world')).stdout, /^ {2}memory +1\.0 MiB$/m);
  t.match((await faas('describe', 'hello-world')).stdout, /^ {2}found +imports wasi:http/m);
  const called = await faas('invoke', 'hello-world', '/x?y', '-d', 'body');
  t.match(called, { code: 0, stderr: /^\[stderr\] called \\x1b\[2J\nstatus 200, ok, cold start/ });
  t.match(JSON.parse(called.stdout), { method: 'POST', pathWithQuery: '/x?y', body: 'body' });
  t.match(await faas('rollback', 'hello-world'), {
    code: 0,
    stdout: 'hello-world version 1 is live\n',
  });
  t.match((await faas('versions', 'hello-world')).stdout, /^2 +http .*\n1 +live +http /m);
  t.match(await faas('delete', 'hello-world', '--yes'), {
    code: 0,
    stdout: 'hello-world is deleted\n',
  });
  t.match(await faas('describe', 'hello-world'), {
    code: 4,
    stdout: '',
    stderr: /^error: Cannot find the function "hello-world".*\(unknown_function\)\n {2}fix: /,
  });
});

t.test('--format json is JSON on stdout and nothing on stderr', async (t) => {
  const { dir, faas, deploy } = await openWorld(t);
  await deploy('app');
  const json = async (...args: string[]): Promise<unknown> => {
    const run = await faas(...args, '--format', 'json');
    t.match(run, { code: 0, stderr: '' }, args.join(' '));
    return JSON.parse(run.stdout);
  };
  t.match(
    await json('deploy', join(dir, 'Hello_World.wasm'), '--name', 'app', '--timeout', '1.5s'),
    {
      result: 'created',
      version: { version: 2, limits: { timeoutMs: 1500 } },
    },
  );
  t.match(await json('list'), [{ name: 'app', live: { version: 2 } }]);
  t.match(await json('describe', 'app'), { name: 'app' });
  t.match(await json('versions', 'app'), [{ version: 2, live: true }, { version: 1 }]);
  t.match(await json('rollback', 'app', '--to', '1'), { live: { version: 1 } });
  t.match(await json('invoke', 'app'), { status: 200, outcome: 'ok', logs: [{}] });
  t.match(await json('token', 'create', 'ci', '--scope', 'read'), {
    token: /^faas_/,
    scopes: ['read'],
  });
  t.match(await json('token', 'list'), [{ name: 'admin' }, { name: 'ci' }]);
  t.match(await json('logs', 'app'), { stream: 'stderr' }, 'one line is one value');
  t.match(await json('delete', 'app', '-y'), { deleted: 'app' });
});

t.test('a function in quarantine is described as such, and resumed', async (t) => {
  const { faas, deploy, quarantined, registry } = await openWorld(t);
  await deploy('app');
  const name = parseFunctionName('app');
  const live = registry.snapshot.functions.get(name)?.live;
  if (live === undefined) throw new Error('it is not deployed');
  const { number: version, createdMs: versionCreatedMs } = live;
  const entry = { name, version, versionCreatedMs, reason: 'it did', sinceMs: 0 };
  quarantined.set(name, entry);
  const { stdout } = await faas('describe', 'app');
  t.match(stdout, /^ {2}found +version 1 in quarantine since 1970-01-01T00:00:00Z: it did; /m);
  t.match(await faas('resume', 'app'), { code: 0, stdout: 'app is out of quarantine\n' });
  t.match(await faas('resume', 'app'), {
    code: 0,
    stdout: 'app was not in quarantine: nothing changed\n',
  });
  quarantined.set(name, entry);
  const json = await faas('resume', 'app', '--format', 'json');
  t.same(JSON.parse(json.stdout), { name: 'app', resumed: true });
  t.match(await faas('resume', 'none'), { code: 4, stderr: /unknown_function/ });
  t.match(await faas('resume', 'A_B'), { code: 2, stderr: /invalid_name/ });
});

t.test('every deploy flag arrives', async (t) => {
  const { dir, faas, registry } = await openWorld(t);
  await mkdir(join(dir, 'site/sub'), { recursive: true });
  await writeFile(join(dir, 'site/index.html'), 'same');
  await writeFile(join(dir, 'site/sub/copy.html'), 'same');
  const flags =
    '--name app --route api.example.com/v1/* --route /any --memory 2MiB --timeout 1s --cpu 50.5ms --concurrency 3 --isolation reuse --min-instances 1 --max-instances 9 --max-instance-reuse-count 100 --max-instance-concurrent-reuse-count 1 --max-instance-age 1h --idle-instance-timeout 5s --snapshot shared-seed --max-rps 12.5 --cpu-per-minute 30s --server-timing --allow-host a.example --allow-host *.b.example:1';
  const run = await faas(
    'deploy',
    join(dir, 'Hello_World.wasm'),
    ...flags.split(' '),
    '--env',
    'A=b=c',
    '--env',
    'EMPTY=',
    '--dir',
    `${join(dir, 'site')}::/site/`,
  );
  t.match(
    run,
    { code: 0, stderr: /in 2 files/ },
    'the component, and the content of two files once',
  );
  const record = registry.snapshot.functions.get(parseFunctionName('app'));
  t.match(record?.routes, [
    { host: '*', path: '/any' },
    { host: 'api.example.com', path: '/v1/*' },
  ]);
  t.match(record?.live.settings, {
    isolation: 'reuse',
    limits: { memoryBytes: 2 << 20, timeoutMs: 1000, cpuMs: 51, concurrency: 3 },
    instances: {
      min: 1,
      max: 9,
      reuseCount: 100,
      concurrentReuseCount: 1,
      maxAgeMs: 3_600_000,
      idleTimeoutMs: 5000,
      snapshot: 'shared-seed',
    },
    budget: { requestsPerSecond: 12.5, cpuMsPerMinute: 30_000 },
    serverTiming: true,
    environment: [
      ['A', 'b=c'],
      ['EMPTY', ''],
    ],
    allowedHosts: ['a.example', '*.b.example:1'],
    directories: ['/site'],
    files: [
      { path: '/site/index.html', size: 4 },
      { path: '/site/sub/copy.html', size: 4 },
    ],
  });
  const { stdout } = await faas('describe', 'app');
  for (const line of [
    /^ {2}cpu +51\.0 ms$/m,
    /^ {2}instances +1 to 9; closed after 5\.0 s without use$/m,
    /^ {2}replaced +after 100 invocations or 3600\.0 s$/m,
    /^ {2}snapshot +shared-seed$/m,
    /^ {2}budget +12\.5 requests\/s, 30\.0 s of CPU a minute$/m,
    /^ {2}server timing +in every reply$/m,
  ]) {
    t.match(stdout, line);
  }
  t.match(
    (await faas('versions', 'app')).stdout,
    / 2\.0 MiB, 1\.0 s, cpu 51\.0 ms, 1 to 9 instances /,
  );
  t.match(await faas('deploy', join(dir, 'Hello_World.wasm'), '--name', 'app'), {
    stderr: /the host has all of it/,
  });
  t.notMatch((await faas('describe', 'app')).stdout, /budget|server timing/);
});

t.test('what the host refuses ends with 3 and its reason', async (t) => {
  const { dir, faas } = await openWorld(t);
  t.match(await faas('deploy', join(dir, 'text.wasm')), {
    code: 3,
    stdout: '',
    stderr: /error: Cannot read the upload as WebAssembly.*\(not_wasm\)\n {2}fix: Build it/,
  });
  t.match(
    await faas('deploy', join(dir, 'bad.wasm')),
    { code: 1, stderr: /^read .*\nerror: .*\(engine_failed\)/m },
    'a failure after the first step',
  );
  t.match(await faas('deploy', join(dir, 'Hello_World.wasm'), '--route', 'x/y?z'), {
    code: 3,
    stderr: /invalid_route/,
  });
  t.match(await faas('rollback', 'none'), { code: 4, stderr: /unknown_function/ });
  t.match(await faas('token', 'create', 'admin'), { code: 12, stderr: /token_exists/ });
});

t.test(
  'a directory with what cannot be taken along is refused before anything is sent',
  async (t) => {
    const { dir, faas, artifacts } = await openWorld(t, {
      deploy: { snapshotBytes: 1000, snapshotFiles: 5 },
    });
    const refused = async (name: string, reason: RegExp): Promise<void> => {
      const run = await faas(
        'deploy',
        join(dir, 'Hello_World.wasm'),
        '--dir',
        `${join(dir, name)}::/d`,
      );
      t.match(run, { code: 2, stdout: '', stderr: reason }, name);
    };
    for (const name of ['link', 'pipe', 'big', 'many', 'file']) await mkdir(join(dir, name));
    await symlink('/etc/passwd', join(dir, 'link/passwd'));
    await promisify(execFile)('mkfifo', [join(dir, 'pipe/fifo')]);
    await writeFile(join(dir, 'big/a'), Buffer.alloc(600));
    await writeFile(join(dir, 'big/b'), Buffer.alloc(600));
    for (const name of '123456') await writeFile(join(dir, 'many', name), '');
    await refused(
      'link',
      /Cannot upload ".*link\/passwd": it is a symbolic link \(snapshot_refused\)/,
    );
    await refused('pipe', /pipe\/fifo": it is a special file/);
    await refused('big', /with it the files have more than 1000 bytes/);
    await refused('many', /there are more than 5 files/);
    await refused('Hello_World.wasm', /it is no directory/);
    await refused('missing', /missing": it does not exist/);
    t.equal(await artifacts.collect({ artifacts: new Set(), prepared: new Set() }), 0);
  },
);

t.test('a file larger than the host takes is not sent', async (t) => {
  const { dir, faas } = await openWorld(t, { deploy: { artifactBytes: 10 } });
  t.match(await faas('deploy', join(dir, 'Hello_World.wasm')), {
    code: 2,
    stderr: /has 20 bytes and the host takes 10 \(file_too_large/,
  });
});

t.test('invoke ends with 7 when the function failed, and sends what it is told', async (t) => {
  const { dir, environment, faas, deploy } = await openWorld(t);
  await deploy('app');
  t.match(await faas('invoke', 'app', '/fail'), {
    code: 7,
    stdout: /guest_trapped/,
    stderr: /status 500, trap, warm start.*\nerror: .*trapped/,
  });
  await writeFile(join(dir, 'body'), 'from a file');
  const file = await faas(
    'invoke',
    'app',
    'p',
    '-X',
    'put',
    '-H',
    'x-a: 1',
    '-d',
    `@${join(dir, 'body')}`,
    '-i',
    '-q',
  );
  t.match(file, { code: 0, stderr: '', stdout: /^HTTP 200\ncontent-type: application\/json\n\n{/ });
  t.match(JSON.parse(file.stdout.split('\n\n')[1] ?? ''), {
    method: 'PUT',
    pathWithQuery: '/p',
    body: 'from a file',
    headers: [
      ['x-a', '1'],
      ['content-length', '11'],
    ],
  });
  const piped = await runFaas(['invoke', 'app', '-d', '-', '-q'], {
    environment,
    input: 'from stdin',
  });
  t.match(JSON.parse(piped.stdout), { body: 'from stdin' });
});

t.test('a token without the scope ends with 6', async (t) => {
  const { faas, url } = await openWorld(t);
  const { stdout } = await faas('token', 'create', 'looker', '--scope', 'read');
  const token = stdout.trim();
  t.match(await runHere(['list', '--admin', url, '--token', token]), {
    code: 0,
    stderr: /nothing is deployed/,
  });
  t.match(await runHere(['delete', 'x', '-y', '--admin', url], { FAAS_TOKEN: token }), {
    code: 6,
    stderr: /lacks the scope "deploy"/,
  });
  t.match(await runHere(['list', '--admin', url, '--token', 'wrong']), {
    code: 6,
    stderr: /does not know the token/,
  });
});

t.test('logs shows lines harmlessly, follows them and ends at Ctrl-C with 130', async (t) => {
  const { environment, deploy, guestLog, faas } = await openWorld(t);
  await deploy('app');
  const name = parseFunctionName('app');
  const write = (text: string, id = 'r1'): void =>
    guestLog.append({
      atMs: 0,
      function: name,
      version: 1,
      requestId: id as RequestId,
      stream: 'stdout',
      text,
    });
  write('clear \x1b[2J\x9b \u202ereversed\ttab');
  write('other', 'r2');
  t.equal(
    (await faas('logs', 'app', '--request', 'r1')).stdout,
    '1970-01-01T00:00:00.000Z v1 r1 stdout clear \\x1b[2J\\x9b \\u202ereversed\ttab\n',
  );
  t.match((await faas('logs', 'app', '--tail', '1')).stdout, /r2 stdout other\n$/);
  const child = startFaas(['logs', 'app', '-f', '--tail', '1'], { environment });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  t.match((await lines.next()).value, /other$/);
  write('while it is followed');
  t.match((await lines.next()).value, /while it is followed$/);
  child.kill('SIGINT');
  const [code] = await once(child, 'close');
  t.equal(code, 130);
});

t.test('a host that goes away ends a followed log', async (t) => {
  const { environment, deploy, guestLog, close } = await openWorld(t);
  await deploy('app');
  const name = parseFunctionName('app');
  const requestId = 'r' as RequestId;
  guestLog.append({ atMs: 0, function: name, version: 1, requestId, stream: 'stdout', text: 'x' });
  const child = startFaas(['logs', 'app', '-f'], { environment });
  await once(child.stdout, 'data');
  const ended = once(child, 'close');
  await close();
  t.equal((await ended)[0], 0, 'it was closed in order');
});

t.test('a reader that leaves early is no error', async (t) => {
  const { environment, deploy, guestLog } = await openWorld(t);
  await deploy('app');
  const name = parseFunctionName('app');
  const requestId = 'r' as RequestId;
  for (let count = 0; count < 1000; count += 1) {
    guestLog.append({
      atMs: 0,
      function: name,
      version: 1,
      requestId,
      stream: 'stdout',
      text: 'x'.repeat(900),
    });
  }
  const child = startFaas(['logs', 'app', '--tail', '1000'], { environment });
  const notes: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => notes.push(chunk));
  await once(child.stdout, 'data');
  child.stdout.destroy();
  const [code] = await once(child, 'close');
  t.equal(code, 0);
  t.equal(Buffer.concat(notes).toString(), '');
});

t.test('something else than a host is named as such', async (t) => {
  const server = createServer((_request, response) => response.end('<html>')).listen(
    0,
    '127.0.0.1',
  );
  t.teardown(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const run = await runHere(['list', '--admin', `127.0.0.1:${port}`, '--token', 'x']);
  t.match(run, {
    code: 1,
    stderr:
      /Cannot understand the answer of "http:\/\/127.0.0.1:\d+": it is not JSON.*\n {2}fix: Check that --admin/,
  });
});
